"""What stands between a profile and a run: asked before the run, in a few requests.

Each ailment says what to change. Nothing is judged here, and nothing is tried twice: a wrong
password is one attempt.
"""

import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx

from idprobe.client.http_sender import HttpSender
from idprobe.client.trust import IGNORED_VARIABLES
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, IdprobeError, NoResponse
from idprobe.flows import Landed, fetch_keys, metadata_request, well_known_urls
from idprobe.formats.http_dates import http_date
from idprobe.login.drivers import playing
from idprobe.login.forms.journey import ELSEWHERE, IN_THE_CLEAR, NEEDS_SCRIPTS
from idprobe.model.exchange import Exchange, Response
from idprobe.model.profile import (
    Client,
    Profile,
    Provider,
    Role,
    is_loopback,
    is_usable_url,
    origin_of,
    weak_secrets,
)
from idprobe.redaction import Shown, Vault, shown
from idprobe.setup.preflight import login_as, refusal_of

__all__ = ["Symptom", "examine"]

State = Literal["ok", "fix", "skip"]

NOBODY: Final = Client("nobody", "")
SKEW_S: Final = 30.0
"""More than this and short-lived tokens are expired, or not yet valid, when they arrive."""
BURST: Final = 20
TOO_MANY: Final = 429
NEEDED: Final = (
    "token_endpoint",
    "authorization_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "registration_endpoint",
    "end_session_endpoint",
)
"""The endpoints that credentials, codes or tokens are sent to, those of every run first."""
_CERTIFICATE: Final = re.compile(r"certificate|CERTIFICATE_VERIFY_FAILED")


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at: fine, to be changed, or not to be looked at here."""

    what: Shown
    state: State
    said: Shown


@dataclass(frozen=True, slots=True)
class _Look:
    """A symptom before it may be shown: what was said has words of the server in it."""

    what: str
    state: State
    said: str


async def examine(
    profile: Profile, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Symptom]:
    """Yield what is found of a server and of the profile's clients and users, in order.

    Without metadata and endpoints nothing else can be asked, so that is the end of it. Nothing that
    is yielded has a secret in it, be it of the profile or one that came with an answer.
    """
    vault = Vault.of(profile)
    async with HttpSender(profile, transport) as sender, playing(profile) as human:
        wire = Wire(Provider(profile, {}, NOBODY), sender, human)
        async for look in _looks(wire):
            vault.learn_from(wire.exchanges)
            yield Symptom(shown(look.what, vault), look.state, shown(look.said, vault))


async def _looks(wire: Wire) -> AsyncIterator[_Look]:
    profile = wire.provider.profile
    metadata: Mapping[str, Any] = {}
    async for look, found in _metadata(wire):
        metadata = found or metadata
        yield look
    if not metadata and not profile.endpoints:
        return
    wire.provider = replace(wire.provider, metadata=metadata)
    for look in _endpoints(profile, metadata):
        yield look
    yield _weakness(profile)
    yield _clock(wire)
    yield await _keys(wire)
    for client in profile.clients.values():
        yield await _client(wire, client)
    landed = True
    async for look in _logins(wire):
        landed = landed and look.state == "ok"
        yield look
        if look.said.startswith(NEEDS_SCRIPTS):
            yield await _browser(wire)
    if profile.login.driver == "browser" and landed:
        yield await _forms(wire)
    yield await _rate(wire)
    yield _roles(profile)


def _weakness(profile: Profile) -> _Look:
    """Say which secrets are ordinary words, which reports cannot hide everywhere."""
    weak = "; ".join(f"{key} {why}" for key, why in weak_secrets(profile))
    if weak:
        said = f"reports hide these only where a secret is expected: {weak}: use others"
        return _Look("secrets", "skip", said)
    return _Look("secrets", "ok", "each can be told from what else is in an exchange")


async def _metadata(wire: Wire) -> AsyncIterator[tuple[_Look, Mapping[str, Any] | None]]:
    """Yield how each metadata document is, with its content."""
    profile = wire.provider.profile
    failures = []
    for url in well_known_urls(profile):
        try:
            response = await wire.send(metadata_request(url), "metadata")
        except IdprobeError as error:
            failure = error.failure if isinstance(error, NoResponse) else str(error)
            yield _Look("reach", "fix", _unreachable(profile, failure)), None
            return
        document = _document(response)
        if document is not None:
            yield _issuer(profile, url, document), document
            break
        failures.append(f"{response.status} at {urlsplit(url).path}")
    else:
        said = f"no metadata document ({', '.join(failures)})"
        fix = "check issuer, set metadata_url, or name the [endpoints]"
        state: State = "skip" if profile.endpoints else "fix"
        yield _Look("metadata", state, f"{said}: {fix}"), None
    yield _tls(profile), None


def _document(response: Response) -> Mapping[str, Any] | None:
    try:
        return response.json_object if response.is_success else None
    except EvidenceError:
        return None


def _issuer(profile: Profile, url: str, document: Mapping[str, Any]) -> _Look:
    said = document.get("issuer")
    if said != profile.issuer:
        told = f"{url} is of issuer {said!r}, the profile has {profile.issuer!r}"
        return _Look("metadata", "fix", f"{told}: make issuer the same, to the last slash")
    return _Look("metadata", "ok", url)


def _unreachable(profile: Profile, failure: str) -> str:
    said = f"{profile.issuer} cannot be reached: {failure}"
    if _CERTIFICATE.search(failure):
        authority = f"{said}: set ca_file under [tls] to the authority that signed its certificate"
        found = [name for name in IGNORED_VARIABLES if name in os.environ]
        return (
            f"{authority} ({', '.join(found)} of the environment is not read)"
            if found
            else (authority)
        )
    return f"{said}: check issuer, and whether this machine may connect there ([network] proxy)"


def _tls(profile: Profile) -> _Look:
    if profile.tls.insecure:
        said = "certificates are not verified: set ca_file under [tls] instead of insecure"
        return _Look("tls", "fix", said)
    if profile.issuer.startswith("http://"):
        return _Look("tls", "skip", "plain http: rules about the secure channel are not judged")
    return _Look("tls", "ok", "the certificate is verified")


def _endpoints(profile: Profile, metadata: Mapping[str, Any]) -> Iterator[_Look]:
    """Yield each endpoint that nothing secret is sent to, and each that the profile has in clear.

    Without the first two of NEEDED there is no run to speak of; others are left out of one.
    """
    is_secure = origin_of(profile.issuer).startswith("https:")
    for name in NEEDED:
        named, url = profile.endpoints.get(name), metadata.get(name)
        if named is not None:
            if is_secure and named.lower().startswith("http:") and not is_loopback(named):
                said = f"{named} is plain http, as [endpoints] says: who listens reads credentials"
                yield _Look(name, "skip", said)
        elif isinstance(url, str) and url and not profile.trusts(url):
            yield _not_trusted(name, url, is_secure=is_secure)


def _not_trusted(name: str, url: str, *, is_secure: bool) -> _Look:
    if not is_usable_url(url):
        return _Look(name, "fix", f"{url!r:.80} in the metadata is no address to send to")
    origin = origin_of(url)
    if is_secure and origin.startswith("http:"):
        said = f"the metadata have {origin} although the issuer is https: no credential goes there"
        return _Look(name, "fix", f"{said}: let them say https, or name it under [endpoints]")
    said = f"it is at {origin}, which the profile does not name: no credential goes there"
    state: State = "fix" if name in NEEDED[:2] else "skip"
    return _Look(name, state, f"{said}: name it under [endpoints] if one may")


def _clock(wire: Wire) -> _Look:
    """Compare the Date of the last answer with our clock; it has whole seconds."""
    skew_s = next((s for s in map(_skew_s, reversed(wire.exchanges)) if s is not None), None)
    if skew_s is None:
        return _Look("clock", "skip", "the server sends no Date that can be read")
    if abs(skew_s) > SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        said = f"the server's clock is {abs(skew_s):.0f} s {way} ours: set one of them right (NTP)"
        return _Look("clock", "fix", said)
    return _Look("clock", "ok", f"less than {SKEW_S:.0f} s apart")


def _skew_s(exchange: Exchange) -> float | None:
    date = None if exchange.response is None else exchange.response.header("date")
    told = http_date(date or "")
    return None if told is None else (told - exchange.started_at).total_seconds()


async def _keys(wire: Wire) -> _Look:
    if not wire.provider.has_endpoint("jwks_uri"):
        return _Look("keys", "skip", "the server has no jwks_uri")
    try:
        keys = await wire.run(fetch_keys(wire.provider), "keys")
    except IdprobeError as error:
        return _Look("keys", "fix", f"{error}: check jwks_uri in the metadata")
    return _Look("keys", "ok", f"{len(keys['keys'])} in the set")


async def _client(wire: Wire, client: Client) -> _Look:
    what = f"client {client.name}"
    if client.is_public:
        return _Look(what, "ok", "public: it has no credentials to try")
    if not wire.provider.has_endpoint("token_endpoint"):
        return _Look(what, "skip", "the server has no token endpoint")
    try:
        because = await refusal_of(wire, client)
    except IdprobeError as error:
        return _Look(what, "fix", f"{error}: the token endpoint has to answer")
    if because is not None:
        wire.sender.guard.distrust_client(client.client_id, because)
        return _Look(what, "fix", because)
    return _Look(what, "ok", f"authenticates by {client.token_endpoint_auth_method}")


async def _logins(wire: Wire) -> AsyncIterator[_Look]:
    """Log each user in for the first client, and the first user for every other client."""
    profile = wire.provider.profile
    clients = [one for one in profile.clients.values() if one.redirect_uris and one.response_types]
    users = list(profile.users.values())
    if users and not profile.clients:
        yield _Look("login", "skip", "the clients come by --register, and are tried then")
        return
    if not users or not clients:
        lacking = "no user" if not users else "no client with redirect_uris"
        said = f"the profile has {lacking}: add one, or only what needs no login is judged"
        yield _Look("login", "skip", said)
        return
    pairs = [(user, clients[0]) for user in users]
    pairs += [(users[0], client) for client in clients[1:]]
    for user, client in pairs:
        wire.fresh_browser()
        wire.provider = replace(wire.provider, user=user)
        yield await _login(wire, client, f"login {user.name} at {client.name}")


async def _login(wire: Wire, client: Client, what: str) -> _Look:
    try:
        ending = await login_as(wire, client)
    except IdprobeError as error:
        return _Look(what, "fix", str(error))
    if not isinstance(ending, Landed):
        where = f"{ending.response.status} at {urlsplit(ending.request.url).path}"
        remedy = "check the user, and the selectors under [login]"
        if ELSEWHERE in ending.why:
            remedy = "if credentials may go there, name an address of it in pages under [login]"
        if IN_THE_CLEAR in ending.why:
            remedy = "nothing secret goes there: the server has to stay with https"
        return _Look(what, "fix", f"{ending.why} ({where}): {remedy}")
    landed = dict(ending.landing.parameters)
    if "error" in landed:
        told = f"{landed['error']} {landed.get('error_description', '')}".strip()
        return _Look(what, "fix", f"landed with {told}: {_of_error(landed['error'], client)}")
    return _Look(what, "ok", f"landed at {ending.landing.redirect_uri}")


async def _browser(wire: Wire) -> _Look:
    """Say whether the browser logs in where the forms cannot; it is tried if it is here."""
    profile = wire.provider.profile
    browsing = replace(profile, login=replace(profile.login, driver="browser"))
    client = _first_client(profile)
    try:
        async with playing(browsing) as human:
            fresh = Wire(replace(wire.provider, profile=browsing), wire.sender, human)
            found = await _login(fresh, client, "driver")
    except IdprobeError as error:
        return _Look("driver", "fix", f"this server needs the driver browser: {error}")
    if found.state != "ok":
        return replace(found, said=f"the browser does not get there either: {found.said}")
    said = 'this server needs the driver browser, and it logs in: driver = "browser" under [login]'
    return _Look("driver", "fix", said)


async def _forms(wire: Wire) -> _Look:
    """Say whether forms would do where a browser is driven; it takes many times as long."""
    profile = wire.provider.profile
    plain = replace(profile, login=replace(profile.login, driver="form"))
    wire = Wire(replace(wire.provider, profile=plain), wire.sender)
    found = await _login(wire, _first_client(profile), "driver")
    if found.state == "ok":
        said = 'forms would do, and are faster: driver = "form" under [login]'
        return _Look("driver", "ok", said)
    return _Look("driver", "ok", "this server needs the driver browser")


def _first_client(profile: Profile) -> Client:
    """Return the client that users are logged in for."""
    clients = profile.clients.values()
    return next(one for one in clients if one.redirect_uris and one.response_types)


def _of_error(error: str, client: Client) -> str:
    """Return what to change for an error that came with the redirect (RFC 6749 section 4.1.2.1)."""
    place = f"[clients.{client.name}]"
    return {
        "invalid_scope": f"change scope under {place}",
        "unauthorized_client": f"change response_types and grant_types under {place}",
        "unsupported_response_type": f"change response_types under {place}",
        "access_denied": "the user, or the server for them, said no: look at the consent page",
    }.get(error, f"look at the registration of {place} at the server")


async def _rate(wire: Wire) -> _Look:
    """Ask for a public document as often in a row as a run would, within the limits."""
    url = well_known_urls(wire.provider.profile)[0]
    for number in range(1, BURST + 1):
        try:
            response = await wire.send(metadata_request(url), "rate")
        except IdprobeError as error:
            return _Look("rate", "fix", f"request {number} in a row got nothing: {error}")
        if response.status == TOO_MANY:
            wait = response.header("retry-after")
            said = f"429 after {number} requests" + (f", Retry-After {wait}" if wait else "")
            fix = "lower requests_per_second under [limits], or have this machine exempted"
            return _Look("rate", "fix", f"{said}: {fix}")
    return _Look("rate", "ok", f"{BURST} requests in a row were answered")


def _roles(profile: Profile) -> _Look:
    played = "; ".join(_played(profile)) or "no client plays a role"
    free = [role.value for role in Role if profile.client_for(role) is None]
    said = f"{played}; nobody plays {', '.join(free)}" if free else played
    return _Look("roles", "ok", said)


def _played(profile: Profile) -> Iterator[str]:
    for client in profile.clients.values():
        roles = ", ".join(sorted(role.value for role in client.roles))
        if roles:
            yield f"{client.name} plays {roles}"
