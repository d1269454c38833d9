"""Headers, cookies, addresses and form bodies; what reports show of them, and what is covered."""

import contextlib
import json
import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from tests.fuzz.inputs import (
    ASKED,
    CALLBACK,
    LOGGED_IN,
    PROFILE,
    SECRETS,
    answer,
    exchange,
    head_text,
    json_text,
    parts,
)

from idprobe.client.cookies import Cookies
from idprobe.client.limits import Gate, _authenticating
from idprobe.errors import EvidenceError, Refrained
from idprobe.evidence.har import from_har, to_har
from idprobe.flows.landing import landing_at, posted_landing, same_place
from idprobe.flows.moves import HumanStep
from idprobe.formats.sanitise import clipped, plain_pseudonyms, sanitise, spread_form, spread_json
from idprobe.load.tokens.correctness import _is_date
from idprobe.login.browser.jar import from_browser, snapshot, to_browser
from idprobe.login.forms.journey import Journey, browse_or_none
from idprobe.login.forms.pages import joined
from idprobe.model.exchange import Landing, LandingMode, Request, form_encode, form_pairs
from idprobe.model.profile import host_of, is_loopback, is_usable_url
from idprobe.model.trace import Trace
from idprobe.reading.answers import (
    error_code,
    gives_tokens,
    is_token_accepted,
    refused_by_challenge,
)
from idprobe.reading.authorization.landings import host_in_browser
from idprobe.reading.challenges import bearer_challenge, challenges
from idprobe.reading.tokens.issued import server_time_s
from idprobe.reading.urls import url_parts
from idprobe.redaction import PSEUDONYM, Vault
from idprobe.redaction.cover import readable_texts
from idprobe.redaction.finding import GLOBAL_LENGTH
from idprobe.report.curl import curl_command
from idprobe.report.transcript import shown
from idprobe.setup.doctor import _skew_s

__all__ = ["address", "challenge", "cookie", "form_body", "headers", "redaction", "report_text"]

SEEN: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]*")
LINES: Final = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]*")
CAP: Final = 2000


def cookie(data: bytes) -> None:
    """Keep the cookies that an answer sets, send them back, hand them to a browser."""
    jar = Cookies()
    jar.keep(ASKED, answer(data))
    jar.header_for(ASKED)
    told = [to_browser(one) for one in jar.all()]
    json.dumps(told)
    came_back = [from_browser({"domain": "id.example", **one}) for one in told]
    snapshot(came_back)
    jar.become(came_back)
    jar.header_for(ASKED)
    jar.twin().keep(Request.get("http://localhost:1/"), answer(data))


def challenge(data: bytes) -> None:
    """Read WWW-Authenticate, and refusals of other kinds."""
    seen = exchange(b"userinfo\n\n\n----\n401\nWWW-Authenticate: " + data)
    for read in (challenges, bearer_challenge, refused_by_challenge):
        with contextlib.suppress(EvidenceError):
            read(seen)


def headers(data: bytes) -> None:
    """Read an answer by its headers: times, media types, errors, whether it is a refusal."""
    seen = exchange(data)
    _skew_s(seen)
    _is_date(seen.answered.header("retry-after") or "")
    for read in (server_time_s, error_code, gives_tokens, is_token_accepted, refused_by_challenge):
        with contextlib.suppress(EvidenceError):
            read(seen)


def address(data: bytes) -> None:
    """Read an address that a server, or the author of a profile, wrote down."""
    url = json_text(data)
    url_parts(url)
    joined(ASKED.url, url)
    host_in_browser(url)
    same_place(url, CALLBACK)
    landing_at(joined(CALLBACK, url), (CALLBACK,))
    posted_landing(url, (), (CALLBACK,))
    PROFILE.trusts(url)
    if is_usable_url(url):
        assert host_of(url)
        is_loopback(url)
    for request in (_request(url), browse_or_none(url, ASKED)):
        if request is not None:
            _sent(request)
    journey = Journey(HumanStep(ASKED, (CALLBACK,), LOGGED_IN), {}, frozenset())
    why = journey.why_not(url)
    assert why is not None or urlsplit(url).hostname == "id.example"


def _request(url: str) -> Request | None:
    with contextlib.suppress(EvidenceError):
        return Request.get(url, (("state", "xyz"),))
    return None


def _sent(request: Request) -> None:
    """Hold a request to the manners, give it its cookies and show it."""
    repr(request)
    with contextlib.suppress(Refrained):
        Gate(PROFILE).allow(request.with_headers(("Authorization", "Basic eDp5")))
        assert host_of(request.origin) == "id.example"
    Cookies().header_for(request)
    _sanitised(curl_command(request))


def form_body(data: bytes) -> None:
    """Read a form body and a query, and write them again."""
    pairs = form_pairs(data)
    assert form_pairs(form_encode(pairs)) == pairs
    asked, told = parts(data, 2)
    seen = exchange(b"/\nContent-Type: application/x-www-form-urlencoded\n\n" + asked)
    assert isinstance(seen.request.form, tuple)
    for request in (seen.request, exchange(data).request):
        _authenticating(request)
        _authenticating(request.with_headers(("Authorization", f"Basic {head_text(told)}")))


def report_text(data: bytes) -> None:
    """Show a text and an exchange as reports do."""
    text = json_text(data)
    for one in (text, head_text(data)):
        assert SEEN.fullmatch(sanitise(one))
        assert LINES.fullmatch(sanitise(one, lines=True))
        assert len(clipped(one, 40)) <= len("…") + 40
        assert "".join(spread_json(one).split()) == "".join(one.split())
        spread_form(plain_pseudonyms(one))
    seen = exchange(data)
    page = shown("probe", 0, seen, CAP)
    assert len(page.status_line) < CAP
    _sanitised(curl_command(seen.request))


def _sanitised(command: str) -> None:
    assert LINES.fullmatch(command)


def redaction(data: bytes) -> None:
    """Cover the secrets of an exchange: none is left, and covering twice changes nothing."""
    seen = exchange(data)
    landing = landing_at(joined(ASKED.url, seen.answered.header("location") or ""), (CALLBACK,))
    if landing is None and seen.request.form:
        landing = Landing(CALLBACK, LandingMode.FORM_POST, seen.request.form)
    trace = Trace("probe", (replace(seen, landing=landing),))
    vault = Vault(SECRETS)
    covered = vault.redact(trace)
    assert vault.redact(covered) == covered
    texts = [text for one in covered for text in readable_texts(one)]
    left = [piece for text in texts for piece in PSEUDONYM.split(text)]
    for secret in vault.known():
        is_left = len(secret) >= GLOBAL_LENGTH and any(secret in one for one in left)
        assert not is_left, "a secret was left"
    assert from_har(json.loads(json.dumps(to_har(covered)))) == covered
