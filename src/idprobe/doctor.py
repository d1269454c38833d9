"""What stands between a profile and a run: asked before the run, in a few requests.

Each ailment says what to change. Nothing is judged here, and nothing is tried twice: a wrong
password is one attempt.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx

from idprobe.errors import EvidenceError, IdprobeError, NoResponse
from idprobe.exchange import Exchange, Response
from idprobe.flows import Landed, fetch_keys, metadata_request, well_known_urls
from idprobe.flows.journey import ELSEWHERE, NEEDS_SCRIPTS
from idprobe.login.drivers import playing
from idprobe.preflight import login_as, refusal_of
from idprobe.profile import Client, Profile, Provider, Role
from idprobe.wire import Courier, Wire

__all__ = ["Symptom", "examine"]

State = Literal["ok", "fix", "skip"]

NOBODY: Final = Client("nobody", "")
SKEW_S: Final = 30.0
"""More than this and short-lived tokens are expired, or not yet valid, when they arrive."""
BURST: Final = 20
TOO_MANY: Final = 429
_CERTIFICATE: Final = re.compile(r"certificate|CERTIFICATE_VERIFY_FAILED")


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at: fine, to be changed, or not to be looked at here."""

    what: str
    state: State
    said: str


async def examine(
    profile: Profile, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Symptom]:
    """Yield what is found of a server and of the profile's clients and users, in order.

    Without metadata and endpoints nothing else can be asked, so that is the end of it.
    """
    async with Courier(profile, transport) as courier, playing(profile) as human:
        wire = Wire(Provider(profile, {}, NOBODY), courier, human)
        metadata: Mapping[str, Any] = {}
        async for symptom, found in _metadata(wire):
            metadata = found or metadata
            yield symptom
        if not metadata and not profile.endpoints:
            return
        wire.provider = replace(wire.provider, metadata=metadata)
        yield _clock(wire)
        yield await _keys(wire)
        for client in profile.clients.values():
            yield await _client(wire, client)
        landed = True
        async for symptom in _logins(wire):
            landed = landed and symptom.state == "ok"
            yield symptom
            if symptom.said.startswith(NEEDS_SCRIPTS):
                yield await _browser(wire)
        if profile.login.driver == "browser" and landed:
            yield await _forms(wire)
        yield await _rate(wire)
        yield _roles(profile)


async def _metadata(wire: Wire) -> AsyncIterator[tuple[Symptom, Mapping[str, Any] | None]]:
    """Yield how each metadata document is, with its content."""
    profile = wire.provider.profile
    failures = []
    for url in well_known_urls(profile):
        try:
            response = await wire.send(metadata_request(url), "metadata")
        except IdprobeError as error:
            failure = error.failure if isinstance(error, NoResponse) else str(error)
            yield Symptom("reach", "fix", _unreachable(profile, failure)), None
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
        yield Symptom("metadata", state, f"{said}: {fix}"), None
    yield _tls(profile), None


def _document(response: Response) -> Mapping[str, Any] | None:
    try:
        return response.json_object if response.is_success else None
    except EvidenceError:
        return None


def _issuer(profile: Profile, url: str, document: Mapping[str, Any]) -> Symptom:
    said = document.get("issuer")
    if said != profile.issuer:
        told = f"{url} is of issuer {said!r}, the profile has {profile.issuer!r}"
        return Symptom("metadata", "fix", f"{told}: make issuer the same, to the last slash")
    return Symptom("metadata", "ok", url)


def _unreachable(profile: Profile, failure: str) -> str:
    said = f"{profile.issuer} cannot be reached: {failure}"
    if _CERTIFICATE.search(failure):
        return f"{said}: set ca_file under [tls] to the authority that signed its certificate"
    return f"{said}: check issuer, and whether this machine may connect there ([network] proxy)"


def _tls(profile: Profile) -> Symptom:
    if profile.tls.insecure:
        said = "certificates are not verified: set ca_file under [tls] instead of insecure"
        return Symptom("tls", "fix", said)
    if profile.issuer.startswith("http://"):
        return Symptom("tls", "skip", "plain http: rules about the secure channel are not judged")
    return Symptom("tls", "ok", "the certificate is verified")


def _clock(wire: Wire) -> Symptom:
    """Compare the Date of the last answer with our clock; it has whole seconds."""
    skew_s = next((s for s in map(_skew_s, reversed(wire.exchanges)) if s is not None), None)
    if skew_s is None:
        return Symptom("clock", "skip", "the server sends no Date that can be read")
    if abs(skew_s) > SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        said = f"the server's clock is {abs(skew_s):.0f} s {way} ours: set one of them right (NTP)"
        return Symptom("clock", "fix", said)
    return Symptom("clock", "ok", f"less than {SKEW_S:.0f} s apart")


def _skew_s(exchange: Exchange) -> float | None:
    date = None if exchange.response is None else exchange.response.header("date")
    try:
        told = None if date is None else parsedate_to_datetime(date)
        if told is None or told.tzinfo is None:
            return None
        return (told - exchange.started_at).total_seconds()
    except (ValueError, OverflowError):  # an offset, or a year, that no calendar has
        return None


async def _keys(wire: Wire) -> Symptom:
    if not wire.provider.has_endpoint("jwks_uri"):
        return Symptom("keys", "skip", "the server has no jwks_uri")
    try:
        keys = await wire.run(fetch_keys(wire.provider), "keys")
    except IdprobeError as error:
        return Symptom("keys", "fix", f"{error}: check jwks_uri in the metadata")
    return Symptom("keys", "ok", f"{len(keys['keys'])} in the set")


async def _client(wire: Wire, client: Client) -> Symptom:
    what = f"client {client.name}"
    if client.is_public:
        return Symptom(what, "ok", "public: it has no credentials to try")
    if not wire.provider.has_endpoint("token_endpoint"):
        return Symptom(what, "skip", "the server has no token endpoint")
    try:
        because = await refusal_of(wire, client)
    except IdprobeError as error:
        return Symptom(what, "fix", f"{error}: the token endpoint has to answer")
    if because is not None:
        wire.courier.guard.distrust_client(client.client_id, because)
        return Symptom(what, "fix", because)
    return Symptom(what, "ok", f"authenticates by {client.token_endpoint_auth_method}")


async def _logins(wire: Wire) -> AsyncIterator[Symptom]:
    """Log each user in for the first client, and the first user for every other client."""
    profile = wire.provider.profile
    clients = [one for one in profile.clients.values() if one.redirect_uris and one.response_types]
    users = list(profile.users.values())
    if users and not profile.clients:
        yield Symptom("login", "skip", "the clients come by --register, and are tried then")
        return
    if not users or not clients:
        lacking = "no user" if not users else "no client with redirect_uris"
        said = f"the profile has {lacking}: add one, or only what needs no login is judged"
        yield Symptom("login", "skip", said)
        return
    pairs = [(user, clients[0]) for user in users]
    pairs += [(users[0], client) for client in clients[1:]]
    for user, client in pairs:
        wire.fresh_browser()
        wire.provider = replace(wire.provider, user=user)
        yield await _login(wire, client, f"login {user.name} at {client.name}")


async def _login(wire: Wire, client: Client, what: str) -> Symptom:
    try:
        ending = await login_as(wire, client)
    except IdprobeError as error:
        return Symptom(what, "fix", str(error))
    if not isinstance(ending, Landed):
        where = f"{ending.response.status} at {urlsplit(ending.request.url).path}"
        remedy = "check the user, and the selectors under [login]"
        if ELSEWHERE in ending.why:
            remedy = "if credentials may go there, name an address of it in pages under [login]"
        return Symptom(what, "fix", f"{ending.why} ({where}): {remedy}")
    landed = dict(ending.landing.parameters)
    if "error" in landed:
        told = f"{landed['error']} {landed.get('error_description', '')}".strip()
        return Symptom(what, "fix", f"landed with {told}: {_of_error(landed['error'], client)}")
    return Symptom(what, "ok", f"landed at {ending.landing.redirect_uri}")


async def _browser(wire: Wire) -> Symptom:
    """Say whether the browser logs in where the forms cannot; it is tried if it is here."""
    profile = wire.provider.profile
    browsing = replace(profile, login=replace(profile.login, driver="browser"))
    client = _first_client(profile)
    try:
        async with playing(browsing) as human:
            fresh = Wire(replace(wire.provider, profile=browsing), wire.courier, human)
            found = await _login(fresh, client, "driver")
    except IdprobeError as error:
        return Symptom("driver", "fix", f"this server needs the driver browser: {error}")
    if found.state != "ok":
        return replace(found, said=f"the browser does not get there either: {found.said}")
    said = 'this server needs the driver browser, and it logs in: driver = "browser" under [login]'
    return Symptom("driver", "fix", said)


async def _forms(wire: Wire) -> Symptom:
    """Say whether forms would do where a browser is driven; it takes many times as long."""
    profile = wire.provider.profile
    plain = replace(profile, login=replace(profile.login, driver="form"))
    wire = Wire(replace(wire.provider, profile=plain), wire.courier)
    found = await _login(wire, _first_client(profile), "driver")
    if found.state == "ok":
        said = 'forms would do, and are faster: driver = "form" under [login]'
        return Symptom("driver", "ok", said)
    return Symptom("driver", "ok", "this server needs the driver browser")


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


async def _rate(wire: Wire) -> Symptom:
    """Ask for a public document as often in a row as a run would, within the limits."""
    url = well_known_urls(wire.provider.profile)[0]
    for number in range(1, BURST + 1):
        try:
            response = await wire.send(metadata_request(url), "rate")
        except IdprobeError as error:
            return Symptom("rate", "fix", f"request {number} in a row got nothing: {error}")
        if response.status == TOO_MANY:
            wait = response.header("retry-after")
            said = f"429 after {number} requests" + (f", Retry-After {wait}" if wait else "")
            fix = "lower requests_per_second under [limits], or have this machine exempted"
            return Symptom("rate", "fix", f"{said}: {fix}")
    return Symptom("rate", "ok", f"{BURST} requests in a row were answered")


def _roles(profile: Profile) -> Symptom:
    played = "; ".join(_played(profile)) or "no client plays a role"
    free = [role.value for role in Role if profile.client_for(role) is None]
    said = f"{played}; nobody plays {', '.join(free)}" if free else played
    return Symptom("roles", "ok", said)


def _played(profile: Profile) -> Iterator[str]:
    for client in profile.clients.values():
        roles = ", ".join(sorted(role.value for role in client.roles))
        if roles:
            yield f"{client.name} plays {roles}"
