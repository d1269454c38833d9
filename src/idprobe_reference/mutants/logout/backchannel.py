"""Mutants of Back-Channel Logout, and of where clients register to be told of logouts."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from idprobe.formats.jose import encode
from idprobe_reference.endpoints.logout_notices import LOGOUT_EVENT
from idprobe_reference.mutants.bending import bend, having, lacking
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.outbound import OutboundError
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code, RefreshToken, Session

ALG: Final = "id_token_signed_response_alg"
UNAVAILABLE: Final = 503

for one in (
    ("metadata", "BackchannelSupportInWords", "Support for Back-Channel Logout is told in words.",
     "OIDCBCL-2.1/session-support-advertised",
     having(backchannel_logout_session_supported="yes")),
    ("metadata", "SilentAboutLogoutSessions", "Nothing is said of sessions.",
     "OIDCBCL-2.1/session-support-advertised", lacking("backchannel_logout_session_supported")),
    ("logout_token_claims", "LogoutTokenOfAnother", "iss of Logout Tokens is another.",
     "OIDCBCL-2.4/iss", having(iss="https://other.example")),
    ("logout_token_claims", "LogoutTokenForAnother", "aud of Logout Tokens is another.",
     "OIDCBCL-2.4/aud", having(aud="somebody")),
    ("logout_token_claims", "LogoutTokenOfNoTime", "Logout Tokens have no iat.",
     "OIDCBCL-2.4/iat", lacking("iat")),
    ("logout_token_claims", "LogoutTokenOfYore", "Logout Tokens are of last year.",
     "OIDCBCL-2.4/iat", lambda c: {**c, "iat": c["iat"] - 31_536_000},
     ("OIDCBCL-4/short-expiry",)),
    ("logout_token_claims", "LogoutTokenForever", "Logout Tokens have no exp.",
     "OIDCBCL-2.4/exp", lacking("exp")),
    ("logout_token_claims", "LogoutTokenForAnHour", "Logout Tokens are good for an hour.",
     "OIDCBCL-4/short-expiry", lambda c: {**c, "exp": c["iat"] + 3600}),
    ("logout_token_claims", "LogoutTokensAreAlike", "Logout Tokens have one jti.",
     "OIDCBCL-2.4/jti", having(jti="logout")),
    ("logout_token_claims", "LogoutTokenWithoutEvents", "Logout Tokens have no events.",
     "OIDCBCL-2.4/events", lacking("events")),
    ("logout_token_claims", "LogoutTokenOfEvilEvent", "The event is spelled with https.",
     "OIDCBCL-2.4/events", having(events={LOGOUT_EVENT.replace("http:", "https:"): {}})),
    ("logout_token_claims", "LogoutEventIsTrue", "The value of the event is true.",
     "OIDCBCL-2.4/event-value-object", having(events={LOGOUT_EVENT: True})),
    ("logout_token_claims", "LogoutEventIsFull", "The object of the event has members.",
     "OIDCBCL-2.4/event-value-empty", having(events={LOGOUT_EVENT: {"reason": "idle"}})),
    ("logout_token_claims", "LogoutOfNobody", "Logout Tokens have neither sub nor sid.",
     "OIDCBCL-2.4/sub-or-sid", lacking("sub", "sid"), ("OIDCBCL-2.2/sid-when-required",)),
    ("logout_token_claims", "LogoutOfSomebodyElse", "sub of Logout Tokens is another.",
     "OIDCBCL-2.4/sub-or-sid", having(sub="somebody")),
    ("logout_token_claims", "LogoutWithoutSession", "Logout Tokens have no sid.",
     "OIDCBCL-2.2/sid-when-required", lacking("sid")),
    ("logout_token_claims", "LogoutTokenWithNonce", "Logout Tokens have a nonce.",
     "OIDCBCL-2.4/no-nonce", having(nonce=None)),
    ("logout_token_typ", "LogoutTokenOfAnyType", "typ of Logout Tokens is JWT.",
     ("OIDCBCL-2.4/explicit-type", "RFC8725-3.11/explicit-typing"), lambda _: "JWT"),
    ("logout_token_alg", "LogoutTokensOfOneAlgorithm", "Logout Tokens have RS256 always.",
     ("OIDCBCL-2.4/same-keys-as-id-tokens", "OIDCBCL-2.6/alg-governed-by-id-token-registration"),
     lambda _: "RS256"),
    ("logout_uri", "LogoutQueryIsLost", "The query of backchannel_logout_uri is dropped.",
     "OIDCBCL-2.2/uri-query-retained", lambda uri: uri.partition("?")[0]),
    ("clients_to_tell", "OneClientIsTold", "One client of a session is told of its end.",
     "OIDCBCL-2.3/all-logged-in-rps-contacted", lambda found: found[:1]),
    ("logout_request", "LogoutTokenByAnotherName", "The Logout Token comes as token.",
     "OIDCBCL-2.5/form-post", lambda form: form.replace("logout_token=", "token=")),
):  # fmt: skip
    bend(*one)


@mutant("OIDCBCL-2.1/support-advertised", features=["backchannel_logout"])
class BackchannelSupportIsANumber(ReferenceServer):
    """backchannel_logout_supported is 1."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "backchannel_logout_supported": 1}


@mutant(
    ["OIDCBCL-2.1/sid-in-id-token", "OIDCFCL-3/sid-in-id-token"],
)
class IdTokensNameNoSession(ReferenceServer):
    """ID Tokens have no sid."""

    def id_token_claims(self, *given: Any) -> dict[str, Any]:
        claims = super().id_token_claims(*given)
        return {name: value for name, value in claims.items() if name != "sid"}


@mutant("OIDCBCL-2.4/signed")
class LogoutTokensOfAForeignKey(ReferenceServer):
    """Logout Tokens are signed with a key that nobody knows."""

    async def logout_token(self, client: ClientConfig, session: Session) -> str:
        alg = self.logout_token_alg(client)
        is_rsa = alg == "RS256"
        key = RSAKey.generate_key(2048) if is_rsa else ECKey.generate_key("P-256")
        claims = self.logout_token_claims(client, session)
        return jwt.encode({"alg": alg, "typ": self.logout_token_typ()}, claims, key)


@mutant("OIDCBCL-2.6/alg-none-forbidden")
class LogoutTokensAreUnsigned(ReferenceServer):
    """A client may have unsigned ID Tokens, and gets such Logout Tokens too."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        asked = {**body, ALG: "RS256"} if body.get(ALG) == "none" else body
        client = super().client_of_metadata(asked, client_id, secret)
        changes: dict[str, Any] = {ALG: body.get(ALG, "RS256")}
        return replace(client, **changes)

    async def sign(self, alg: str, typ: str, claims: Any) -> str:
        if alg != "none":
            return await super().sign(alg, typ, claims)
        parts = ({"alg": "none", "typ": typ}, dict(claims))
        return ".".join([*(encode(json.dumps(part).encode()) for part in parts), ""])


@mutant("OIDCBCL-2.5/form-post")
class LogoutTokensInTheQuery(ReferenceServer):
    """The Logout Token stands in the query of a POST whose form is empty."""

    async def tell(self, client: ClientConfig, session: Session) -> None:
        token = await self.logout_token(client, session)
        uri = self.logout_uri(client)
        sign = "&" if "?" in uri else "?"
        with contextlib.suppress(OutboundError):
            await self.outbound.post(f"{uri}{sign}{self.logout_request(token)}", "")


async def _posted(server: ReferenceServer, client: ClientConfig, session: Session) -> int:
    """Send a Logout Token and return the status that came back, 0 without one."""
    token = await server.logout_token(client, session)
    try:
        answer = await server.outbound.post(server.logout_uri(client), server.logout_request(token))
    except OutboundError:
        return 0
    return answer.status


@mutant("OIDCBCL-2.5/retransmission-delayed")
class LogoutIsRepeatedAtOnce(ReferenceServer):
    """What is not available is asked again at once."""

    async def tell(self, client: ClientConfig, session: Session) -> None:
        if await _posted(self, client, session) == UNAVAILABLE:
            await _posted(self, client, session)


@mutant("OIDCBCL-2.5/no-other-retransmission")
class LogoutIsRepeatedInVain(ReferenceServer):
    """A Logout Token that was refused for good is sent again."""

    async def tell(self, client: ClientConfig, session: Session) -> None:
        if await _posted(self, client, session) == 400:  # noqa: PLR2004 -- a status
            await _posted(self, client, session)


@mutant("OIDCBCL-2.8/204-is-success")
class LogoutWantsOneStatus(ReferenceServer):
    """204 counts as a failure, and the Logout Token is sent again."""

    async def tell(self, client: ClientConfig, session: Session) -> None:
        if await _posted(self, client, session) == 204:  # noqa: PLR2004 -- a status
            await _posted(self, client, session)


@mutant("OIDCBCL-2.7/refresh-tokens-revoked")
class OnlineTokensOutliveTheSession(ReferenceServer):
    """Refresh tokens come without offline_access, and stay good after the logout."""

    def refresh_token_is_due(self, client: ClientConfig, code: Code) -> bool:
        del code
        return "refresh_token" in client.grant_types

    def tokens_of_session(self, session: Session) -> list[RefreshToken]:
        del session
        return []


@mutant("OIDCBCL-2.7/offline-refresh-tokens-kept")
class OfflineTokensEndWithTheSession(ReferenceServer):
    """All refresh tokens of a session end with it."""

    def tokens_of_session(self, session: Session) -> list[RefreshToken]:
        return [one for one in self.refresh_tokens if one.grant.sid == session.sid]


def _registered(
    name: str, summary: str, breaks: str, fault: Callable[[str], bool], member: str
) -> None:
    """Declare a mutant that registers a logout URI although it has a fault."""

    class Registering(ReferenceServer):
        def client_of_metadata(
            self, body: dict[str, Any], client_id: str, secret: str
        ) -> ClientConfig:
            uri = str(body.get(member, ""))
            if not uri or not fault(uri):
                return super().client_of_metadata(body, client_id, secret)
            rest = {name: value for name, value in body.items() if name != member}
            client = super().client_of_metadata(rest, client_id, secret)
            changes: dict[str, Any] = {member: uri}
            return replace(client, **changes)

    Registering.__name__, Registering.__doc__ = name, summary
    mutant(breaks)(Registering)


BACK: Final = "backchannel_logout_uri"
FRONT: Final = "frontchannel_logout_uri"
for row in (
    ("RelativeBackchannelUris", "A relative backchannel_logout_uri is registered.",
     "OIDCBCL-2.2/uri-absolute", lambda uri: uri.startswith("/"), BACK),
    ("BackchannelUrisWithFragment", "A backchannel_logout_uri with a fragment is registered.",
     "OIDCBCL-2.2/uri-no-fragment", lambda uri: "#" in uri, BACK),
    ("PlainBackchannelUris", "A public client registers a backchannel_logout_uri of http.",
     "OIDCBCL-2.2/https-logout-uri", lambda uri: uri.startswith("http:"), BACK),
    ("RelativeFrontchannelUris", "A relative frontchannel_logout_uri is registered.",
     "OIDCFCL-2/uri-absolute", lambda uri: uri.startswith("/"), FRONT),
    ("FrontchannelUrisWithFragment", "A frontchannel_logout_uri with a fragment is registered.",
     "OIDCFCL-2/uri-no-fragment", lambda uri: "#" in uri, FRONT),
    ("PlainFrontchannelUris", "A public client registers a frontchannel_logout_uri of http.",
     "OIDCFCL-2/https-logout-uri", lambda uri: uri.startswith("http:"), FRONT),
    ("StrangeFrontchannelUris", "A frontchannel_logout_uri may be of any origin.",
     "OIDCFCL-2/uri-shares-origin-with-redirect-uri", lambda uri: "attacker" in uri, FRONT),
):  # fmt: skip
    _registered(*row)
