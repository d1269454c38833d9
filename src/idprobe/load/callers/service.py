"""Services: tokens of their own (RFC 6749 section 4.4), and what is asked and undone of them."""

import time
from collections.abc import Iterator

from idprobe.errors import EvidenceError
from idprobe.flows import (
    client_credentials_request,
    introspection_request,
    revocation_request,
)
from idprobe.load.callers.caller import SAME_EACH_TIME, Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.encoded_requests import EncodedRequest, request_encoder
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.responses import RawResponse
from idprobe.load.tokens import rules
from idprobe.load.tokens.lifetimes import TokenLifetime
from idprobe.load.tokens.response_templates import TokenResponseTemplate, UnchangedResponse
from idprobe.model.profile import Role

__all__ = ["ClientCredentials", "Introspection", "Revocation"]


class ClientCredentials(Caller):
    """A confidential client that gets an access token and throws it away."""

    role = Role.SERVICE

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self._template = TokenResponseTemplate(context, self.provider)
        self._fixed = self.provider.client.token_endpoint_auth_method in SAME_EACH_TIME
        self._request: EncodedRequest | None = None

    def token(self) -> LoadFlow:
        """Return a new access token of the client."""
        return self._template.check((yield self._request or self._asked()))

    def iterate(self) -> LoadFlow:
        """Ask for a token once; an answer without one is a failure, whatever its status."""
        self._template.check((yield self._request or self._asked()))

    def _asked(self) -> EncodedRequest:
        """Return the request, made anew where it is not the same each time."""
        request = EncodedRequest.of(
            client_credentials_request(self.provider), self.context.transport
        )
        self._request = request if self._fixed else None
        return request


class Introspection(ClientCredentials):
    """A resource server that asks what a token is worth (RFC 7662)."""

    prepares = True

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self._ask = request_encoder(
            lambda token: introspection_request(self.provider, token),
            context.transport,
            fixed=self._fixed,
        )
        self._unchanged = UnchangedResponse(self._is_active)
        self._held = b""
        self._lifetime = TokenLifetime(0.0, None)
        self._good_at = 0.0

    def prepare(self) -> LoadFlow:
        """Get the token to ask about, and see that this client may ask (RFC 7662 section 2.2)."""
        yield from self._get()
        if not self._is_active((yield self._ask(self._held.decode()))):
            raise EvidenceError(
                "a fresh access token was introspected as not active: this client may not ask "
                "about its own tokens (RFC 7662 section 2.2)"
            )

    def _get(self) -> LoadFlow:
        asked_at = time.monotonic()
        with self.context.login(self.provider):
            self._held = yield from self.token()
        self._lifetime = TokenLifetime(asked_at, self._template.expires_in)
        self._good_at = time.monotonic()

    def iterate(self) -> LoadFlow:
        """Ask once; where the token has come to its end, with a fresh one, which has to be good."""
        findings = self.context.findings
        if self._held:
            asked_at = time.monotonic()
            if self._unchanged.check((yield self._ask(self._held.decode()))):
                self._good_at = asked_at
                findings.checked[rules.INTROSPECTION] += 1
                return
            self._held = b""
            self.token_ended(rules.INTROSPECTION, self._lifetime, self._good_at)
        yield from self._get()
        if not self._is_active((yield self._ask(self._held.decode()))):
            what = "a fresh access token was introspected as not active"
            raise findings.wrong(rules.INTROSPECTION, what)
        findings.checked[rules.INTROSPECTION] += 1

    def held(self) -> Iterator[tuple[bytes, str]]:
        """Yield the access token."""
        if self._held:
            yield self._held, self.provider.client.client_id

    def _is_active(self, answer: RawResponse) -> bool:
        response = answer.response()
        if not response.is_success:
            raise EvidenceError(f"wanted an introspection response, got status {response.status}")
        said = response.json_object
        client_id = self.provider.client.client_id
        if said.get("client_id", client_id) != client_id:
            what = "an access token was introspected as another client's"
            raise self.context.findings.wrong(rules.OF_ONE_CLIENT, what)
        return said.get("active") is True


class Revocation(ClientCredentials):
    """A client that gets a token and gives it back (RFC 7009)."""

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self._undo = request_encoder(
            lambda token: revocation_request(self.provider, token),
            context.transport,
            fixed=self._fixed,
        )

    def iterate(self) -> LoadFlow:
        """Get a token and revoke it: two requests."""
        token = yield from self.token()
        answer = yield self._undo(token.decode())
        if answer.status != 200:  # noqa: PLR2004 -- the one status that RFC 7009 gives success
            raise EvidenceError(f"wanted the token revoked, got status {answer.status}")
