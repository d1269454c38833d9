"""Mutants of what people are asked about clients, and of secrets that can be guessed."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registration.unsafe_registration import PlainHttpIsRegistered
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session

IN_THE_CLEAR: Final = ("RFC6749-10.8/codes-not-in-clear", "RFC9700-2.6/responses-not-in-clear")


@mutant(
    breaks=[*IN_THE_CLEAR, "RFC6749-3.1.2.1/warn-about-insecure-redirect"],
    also={"RFC9700-2.6/no-http-redirect-uris": "it is registered"},
)
class NobodyIsWarnedOfPlainHttp(PlainHttpIsRegistered):
    """A redirect URI may be plain http, and the consent page takes it for a good one."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        uri = transaction.wish.redirect_uri.replace("http:", "https:")
        wish = replace(transaction.wish, redirect_uri=uri)
        return super().consent_page(replace(transaction, wish=wish), session)


@mutant(breaks="RFC6749-10.2/explicit-authentication-and-information")
class ConsentSaysNothing(ReferenceServer):
    """The consent page names neither the client nor a scope."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        client = replace(transaction.wish.client, client_id="somebody", display={})
        wish = replace(transaction.wish, client=client, scope=())
        return super().consent_page(replace(transaction, wish=wish), session)


@mutant(breaks="RFC6749-10.2/explicit-authentication-and-information")
class ConsentIsForEverything(ReferenceServer):
    """The consent page does not say which scopes are asked for."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        wish = replace(transaction.wish, scope=())
        return super().consent_page(replace(transaction, wish=wish), session)


@mutant(breaks="RFC6749-10.3/scope-depends-on-client")
class EveryClientMayHaveEveryScope(ReferenceServer):
    """Whatever scope a client asks for is granted, registered or not."""

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        able = replace(client, scope=" ".join(self.config.scopes))
        return super().authorized_scope(able, requested, types, prompts)


@mutant(breaks=["RFC6749-2.3.1/brute-force-protection", "RFC6749-10.10/guessing-prevented"])
class ShortSecretsAreNotGuarded(ReferenceServer):
    """Clients that register get short secrets, and whoever guesses is never stopped."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret[:10])

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        for client_id in self.clients:
            self.client_throttle.succeeded(client_id)
        return super().authenticate_client(request, form)


@mutant(breaks=["RFC6749-2.3.1/brute-force-protection", "RFC6749-10.10/guessing-prevented"])
class ThrottleFailsOpen(ReferenceServer):
    """A client that has failed too often is let in, whatever its secret."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        try:
            return super().authenticate_client(request, form)
        except OAuthFault as fault:
            client = self.clients.get(self.presented_credentials(request, form).client_id or "")
            if fault.status != 429 or client is None:  # noqa: PLR2004 - a status code
                raise
            return client
