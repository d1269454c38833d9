"""Telling the clients of a session that it is over: Back-Channel and Front-Channel Logout 1.0."""

import asyncio
import contextlib
import secrets
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from idprobe_reference.endpoints.interaction import Interaction
from idprobe_reference.endpoints.pages import render
from idprobe_reference.endpoints.replies import page_reply, with_parameters
from idprobe_reference.outbound import OutboundError
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import RefreshToken, Session

__all__ = ["LOGOUT_EVENT", "LogoutNotices"]

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_LIFETIME_S: Final = 120


class LogoutNotices(Interaction):
    """The decisions about what clients learn when a session ends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ended: Final[list[Session]] = []

    def end_session(self, session: Session) -> None:
        """Forget the session, and the refresh tokens that hang on it; its clients are told soon."""
        if self.sessions.pop(session.key) is not None:
            self._ended.append(session)
            for token in self.tokens_of_session(session):
                self.refresh_tokens.pop(token.value)

    def tokens_of_session(self, session: Session) -> list[RefreshToken]:
        """Return the refresh tokens that end with a session: those without offline_access."""
        return [
            token
            for token in self.refresh_tokens
            if token.grant.sid == session.sid and "offline_access" not in token.grant.scope
        ]

    async def tell_clients(self) -> None:
        """Send a Logout Token to every client of the sessions that have ended."""
        ended, self._ended[:] = tuple(self._ended), []
        async with asyncio.TaskGroup() as tasks:
            for session in ended:
                for client in self.clients_to_tell(session):
                    tasks.create_task(self.tell(client, session))

    def clients_of(self, session: Session) -> list[ClientConfig]:
        """Return the clients that somebody logged in to, in this session."""
        return [self.clients[name] for name in session.clients if name in self.clients]

    def clients_to_tell(self, session: Session) -> list[ClientConfig]:
        """Return the clients that are told behind the browser's back (section 2.3)."""
        if not self.config.backchannel_logout:
            return []
        return [one for one in self.clients_of(session) if one.backchannel_logout_uri]

    async def tell(self, client: ClientConfig, session: Session) -> None:
        """Send one Logout Token; whatever comes back, it is not sent again (section 2.5)."""
        token = await self.logout_token(client, session)
        with contextlib.suppress(OutboundError):  # the client is not there: the logout goes on
            await self.outbound.post(self.logout_uri(client), self.logout_request(token))

    def logout_uri(self, client: ClientConfig) -> str:
        """Return where a Logout Token goes: the URI as it was registered, its query included."""
        return client.backchannel_logout_uri or ""

    def logout_request(self, token: str) -> str:
        """Return the form that carries a Logout Token (section 2.5)."""
        return urlencode({"logout_token": token})

    async def logout_token(self, client: ClientConfig, session: Session) -> str:
        """Return a Logout Token, signed and encrypted like the client's ID Tokens (section 2.4)."""
        claims, alg = self.logout_token_claims(client, session), self.logout_token_alg(client)
        token = await self.sign_for(client, alg, self.logout_token_typ(), claims)
        _, encryption, enc = self.protection_of(client, "id_token")
        if encryption is None:
            return token
        return self.encrypted_with(client, token, encryption, enc, self.logout_token_outside())

    def logout_token_outside(self) -> dict[str, str]:
        """Return what stands outside of the encryption of a Logout Token, too (section 2.4)."""
        return {"iss": self.issuer()}

    def logout_token_alg(self, client: ClientConfig) -> str:
        """Return the algorithm of the client's Logout Tokens: that of its ID Tokens."""
        return self.id_token_alg(client)

    def logout_token_typ(self) -> str:
        """Return what a Logout Token calls itself."""
        return "logout+jwt"

    def logout_token_claims(self, client: ClientConfig, session: Session) -> dict[str, Any]:
        """Return the claims of a Logout Token (section 2.4)."""
        now = self.now()
        return {
            "iss": self.issuer(),
            "sub": session.clients[client.client_id],
            "aud": client.client_id,
            "iat": now,
            "exp": now + _LIFETIME_S,
            "jti": secrets.token_urlsafe(16),
            "events": {LOGOUT_EVENT: {}},
            "sid": session.sid,
        }

    # The front channel

    def frames(self, session: Session) -> list[str]:
        """Return what the logout page loads to tell clients (Front-Channel Logout section 3)."""
        if not self.config.frontchannel_logout:
            return []
        return [
            with_parameters(
                one.frontchannel_logout_uri, self.frame_parameters(session), fragment=False
            )
            for one in self.clients_of(session)
            if one.frontchannel_logout_uri
        ]

    def frame_parameters(self, session: Session) -> dict[str, str]:
        """Return what is added to a frontchannel_logout_uri: iss and sid (section 2)."""
        return {"iss": self.issuer(), "sid": session.sid}

    def farewell(self, frames: list[str], target: str | None) -> Response:
        """Return the page that loads the clients' logout URIs and then leads on."""
        html = render("farewell", frames=frames, target=target)
        origins = dict.fromkeys(f"{p.scheme}://{p.netloc}" for p in map(urlsplit, frames))
        headers = self.page_headers()
        policy = headers.get("Content-Security-Policy", "default-src 'none'")
        headers["Content-Security-Policy"] = f"{policy}; frame-src {' '.join(origins)}"
        return page_reply(html, 200, headers)
