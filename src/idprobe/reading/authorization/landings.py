"""What an authorization endpoint answered, read for checks: endings, landings, errors.

Like `idprobe.reading.answers`: what cannot be told raises EvidenceError.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, urlsplit

from idprobe.errors import EvidenceError
from idprobe.login.forms.pages import read_page, read_refresh
from idprobe.model.exchange import Exchange, Landing
from idprobe.model.trace import Trace
from idprobe.reading.answers import gives_tokens, refused
from idprobe.reading.authorization.pages import page_of, user_pages_of

__all__ = [
    "ATTACKER",
    "accepted_redirect_uris",
    "accepts_redirect_uri",
    "access_token_stopped_working",
    "all_landings",
    "authorization_response",
    "denied_exchange",
    "error_landings",
    "experiments_ended",
    "host_in_browser",
    "open_redirects",
    "repeated_names",
    "response_types_tried",
    "sends_to_redirect_uri",
    "sent_value",
    "steps_leading_to",
    "stopped_working",
]

STANDING: Final = "%:/?#[]@!$&'()*+,;="
"""What stands in a URI as it is, besides what never needs an escape."""
ATTACKER: Final = "attacker.idprobe.example"
"""The host to which experiments try to have a browser sent."""
SCRIPTED: Final = re.compile(
    r"""\blocation(?:\.href)?\s*(?:=|\.(?:assign|replace)\()\s*(["'])([^"'<>]{0,2048})\1"""
)
"""Where a script takes the browser, as far as it says so in one text."""
ESCAPED: Final = re.compile(r"\\(?:u00|x)([0-9a-fA-F]{2})|\\(.)")
CONTROLS: Final = frozenset({"authorize", "control", "redeem"})


def experiments_ended(trace: Trace) -> Iterator[tuple[str, Exchange]]:
    """Yield the experiments of a trace, each once, by name: its last exchange, no control."""
    for name in dict.fromkeys(exchange.step for exchange in trace):
        if "/" not in name and name not in CONTROLS:
            yield name, trace[name]


def response_types_tried(trace: Trace, what: str) -> Iterator[tuple[str, Exchange]]:
    """Yield the response types that were tried one way, with the ends; EvidenceError if none."""
    steps = [e.step for e in trace if e.step.startswith(f"{what}:") and "/" not in e.step]
    if not steps:
        raise EvidenceError(f"no response type was tried: {what}")
    yield from ((step.partition(":")[2], trace[step]) for step in steps)


def sent_value(trace: Trace, step: str, name: str) -> str:
    """Return a parameter as the first request of a step had it."""
    exchanges = trace.steps(step)
    value = exchanges[0].request.parameter(name) if exchanges else None
    if value is None:
        raise EvidenceError(f"the request of {step} has no {name}")
    return value


def authorization_response(exchange: Exchange) -> Landing:
    """Return the authorization response; raises EvidenceError if none reached the client."""
    if exchange.landing is None:
        raise EvidenceError(f"no authorization response reached the redirect_uri: {exchange}")
    return exchange.landing


def denied_exchange(trace: Trace) -> Exchange:
    """Return how the step `denied` ended.

    Raises EvidenceError if it did not end at the client, or if there was no page besides that of
    the login and no error: nobody was asked then.
    """
    exchange = trace["denied"]
    if (
        authorization_response(exchange).error is None
        and len(user_pages_of(trace.steps("denied"))) <= 1
    ):
        raise EvidenceError("no consent was asked for, so it could not be denied")
    return exchange


def accepts_redirect_uri(trace: Trace, step: str) -> bool:
    """Return whether the server went along with the redirect_uri that a request named.

    An error at a registered redirect_uri is no such thing: the wrong one was not followed. Raises
    EvidenceError where the way ended at a page that asks for something: it may be judged later.
    """
    exchange = trace[step]
    if gives_tokens(exchange) or sends_to_redirect_uri(trace, step):
        return True
    if exchange.landing is None and not refused(exchange):
        raise EvidenceError(f"the way ended before the redirect_uri was judged: {exchange}")
    return False


def sends_to_redirect_uri(trace: Trace, step: str) -> bool:
    """Return whether the browser was sent to the redirect_uri that a request named.

    A form, a refresh or a script of a page that leads there sends it as well as a redirect.
    """
    exchange = trace[step]
    uri = sent_value(trace, step, "redirect_uri")
    if exchange.landing is not None and exchange.landing.redirect_uri == uri:
        return True
    places = [exchange.answered.header("location") or "", *_places_of_page(exchange)]
    return any(_leads_to(place, uri) for place in places)


def _places_of_page(exchange: Exchange) -> list[str]:
    """Return where the forms and scripts of a page go, and where it goes after a while."""
    refreshes = [read_refresh(exchange.answered.header("refresh") or "")]
    places = []
    if (tree := page_of(exchange.answered)) is not None:
        page = read_page(exchange.answered, exchange.request.url, {})
        places += [form.action for form in page.forms]
        places += [place for one in tree.css("script") for place in _places_of_script(one.text())]
        refreshes.append(page.refresh)
    return places + [one.url for one in refreshes if one is not None]


def _places_of_script(text: str) -> list[str]:
    return [
        ESCAPED.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], found[2])
        for found in SCRIPTED.finditer(text)
    ]


def accepted_redirect_uris(trace: Trace) -> list[str]:
    """Return the experiments whose redirect_uri the server went along with."""
    steps = [step for step, _ in experiments_ended(trace) if accepts_redirect_uri(trace, step)]
    trace.decide_by(steps)
    return steps


def _leads_to(location: str, uri: str) -> bool:
    """Return whether a Location is the URI, with a response added to it or not.

    A server may percent-encode what cannot stand in a URI (RFC 3986 section 2.1), or some of it.
    """
    place, wanted = quote(location, safe=STANDING), quote(uri, safe=STANDING)
    rest = place.removeprefix(wanted)
    return rest != place and rest[:1] in {"", "?", "&", "#"}


def open_redirects(trace: Trace) -> list[str]:
    """Return the experiments whose redirect_uri was followed, or that led the browser elsewhere.

    A redirect without a landing is one that no browser of ours would follow. Raises EvidenceError
    if none was followed and one was neither followed nor refused.
    """
    wrong, unclear = [], []
    for step, exchange in experiments_ended(trace):
        try:
            led = exchange.landing is None and exchange.answered.is_redirect
            if led or accepts_redirect_uri(trace, step):
                wrong.append(step)
        except EvidenceError as error:
            unclear.append(error)
    if unclear and not wrong:
        raise unclear[0]
    trace.decide_by(wrong)
    return wrong


def steps_leading_to(exchanges: Iterable[Exchange], host: str) -> list[str]:
    """Return the steps in which the browser was sent to a host, by whatever spelling of it.

    A redirect sends it there, or a page.
    """
    return sorted({exchange.step for exchange in exchanges if host in _hosts(exchange)})


def _hosts(exchange: Exchange) -> set[str]:
    uris = [exchange.answered.header("location") or "", *_places_of_page(exchange)]
    if exchange.landing is not None:
        uris.append(exchange.landing.redirect_uri)
    return {host_in_browser(uri) for uri in uris}


def host_in_browser(uri: str) -> str:
    """Return the host that a browser goes to: to it backslashes are slashes, tabs are nothing."""
    plain = "".join(char for char in uri if char not in "\t\r\n").strip().replace("\\", "/")
    try:
        return (urlsplit(plain).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def all_landings(*traces: Trace) -> list[tuple[str, Landing]]:
    """Return every authorization response of the traces with its step."""
    found = [(e.step, e.landing) for trace in traces for e in trace if e.landing is not None]
    if not found:
        raise EvidenceError("no authorization response reached a redirect_uri")
    return found


def error_landings(*traces: Trace) -> list[tuple[str, Landing]]:
    """Return every authorization response with an error; raises EvidenceError without one."""
    found = [
        (e.step, e.landing)
        for trace in traces
        for e in trace
        if e.landing is not None and e.landing.error is not None
    ]
    if not found:
        raise EvidenceError("no error reached a redirect_uri")
    return found


def repeated_names(landing: Landing) -> list[str]:
    """Return the names that a response has more than once."""
    counted = Counter(name for name, _ in landing.parameters)
    return sorted(name for name, count in counted.items() if count > 1)


def stopped_working(trace: Trace, before: str, after: str) -> bool | None:
    """Return whether a token that was good in one step was not in a later one.

    None if it cannot be told there: the step is missing, or the token was not good before.
    """
    if before not in trace or after not in trace or not _is_good(trace[before]):
        return None
    return not _is_good(trace[after])


def _is_good(exchange: Exchange) -> bool:
    """Return whether userinfo gives claims, or introspection says that the token is active."""
    response = exchange.answered
    if not response.is_success:
        return False
    try:
        return response.json_object.get("active", True) is True
    except EvidenceError:
        return response.media_type == "application/jwt"


def access_token_stopped_working(trace: Trace) -> bool:
    """Return whether userinfo or introspection shows that the token of a replayed code died."""
    tried = [
        stopped_working(trace, f"{at}-before", f"{at}-after") for at in ("introspect", "userinfo")
    ]
    known = [value for value in tried if value is not None]
    if not known:
        raise EvidenceError("there is no place where the access token worked before the replay")
    return any(known)
