"""Mutants that give more than was asked for, or to more than it is for."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import functools
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idprobe_reference.endpoints.token_management import Token
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(
    breaks=["RFC9700-2.3/privileges-minimal", "RFC9700-2.3/resources-and-actions-restricted"],
)
class EveryScopeIsGranted(ReferenceServer):
    """A client gets all the scope that it may have, whatever it asks for."""

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        asked = super().authorized_scope(client, requested, types, prompts)
        return (*asked, *sorted(client.scopes - {*asked, "offline_access"}))


@mutant(breaks="RFC9700-4.15.1/token-kinds-distinguishable")
class TokensOfClientsLookLikeUsers(ReferenceServer):
    """The token of a client has the subject of a user."""

    def introspection(self, client: ClientConfig, token: Token | None) -> dict[str, Any]:
        told = super().introspection(client, token)
        own = token is not None and token.grant.user is None and "sub" in told
        return {**told, "sub": next(iter(self.users.values())).sub} if own else told


@mutant(breaks="RFC9700-4.1.3/fragment-reattachment")
class FragmentHasParameters(ReferenceServer):
    """The redirect with a code has a fragment with parameters."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().deliver(wish, parameters)
        if wish.response_mode == "query":
            response.headers["location"] += "#from=here"
        return response


@mutant(
    breaks=["RFC6749-B/values-encoded-as-utf-8", "WHATWG-URL-5.2/serializer-escapes"],
    also={
        "RFC6749-4.1.2/state-returned-unchanged": "a state of all signs is changed too",
        "RFC6749-A.5/state-syntax": "a state of all signs is changed too",
    },
)
class StateIsNotEscaped(ReferenceServer):
    """An ampersand in a state goes into the redirect as it is."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().deliver(wish, parameters)
        if "location" in response.headers:
            response.headers["location"] = response.headers["location"].replace("%26", "&")
        return response


@mutant(breaks="RFC6749-4.2.2/scope-told-if-different", profile="speakup")
class ImplicitDoesNotTellScope(ReferenceServer):
    """The fragment never says which scope was granted."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        told = {name: value for name, value in parameters.items() if name != "scope"}
        return super().deliver(wish, told)


@mutant(breaks="RFC9700-2.6/cors-at-direct-endpoints")
class CookiesGoAlong(ReferenceServer):
    """Scripts of every origin may send the user's cookies along."""

    @functools.cached_property
    def app(self) -> ASGIApp:
        inner = super().app

        async def inviting(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_more(message: Message) -> None:
                if message["type"] == "http.response.start":
                    more = (b"access-control-allow-credentials", b"true")
                    message = {**message, "headers": [*message["headers"], more]}
                await send(message)

            await inner(scope, receive, send_more)

        return inviting
