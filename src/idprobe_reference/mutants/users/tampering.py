"""Mutants that believe what comes back with a form, or take one browser for another."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session


@mutant(breaks="ASVS-5.1.2/forms-not-trusted")
class FormsSayWhereToGo(ReferenceServer):
    """A form of the server's pages says where the browser goes in the end."""

    async def submitted(self, request: Request) -> tuple[Form, Transaction, Session]:
        form, transaction, session = await super().submitted(request)
        target = form.get("redirect_uri")
        if target:
            transaction.wish = replace(transaction.wish, redirect_uri=target)
        return form, transaction, session


@mutant(breaks="ASVS-5.1.2/forms-not-trusted")
class FormsSayWhatIsGranted(ReferenceServer):
    """The consent form says which scope is granted."""

    async def submitted(self, request: Request) -> tuple[Form, Transaction, Session]:
        form, transaction, session = await super().submitted(request)
        named = tuple(form.get("scope", "").split())
        if named:
            transaction.wish = replace(transaction.wish, scope=named)
        return form, transaction, session


@mutant(breaks="ASVS-5.1.2/forms-not-trusted")
class FormsSayWhoIsServed(ReferenceServer):
    """The consent form says which client is served."""

    async def submitted(self, request: Request) -> tuple[Form, Transaction, Session]:
        form, transaction, session = await super().submitted(request)
        client = self.clients.get(form.get("client_id", ""))
        if client is not None:
            transaction.wish = replace(transaction.wish, client=client)
        return form, transaction, session


@mutant(breaks="RFC6749-4.1.1/decision-obtained")
class LastRequestIsApproved(ReferenceServer):
    """Whoever agrees on a page agrees to the request that the browser opened last."""

    async def submitted(self, request: Request) -> tuple[Form, Transaction, Session]:
        form, _, session = await super().submitted(request)
        mine = [one for one in self.transactions if one.session_key == session.key]
        return form, mine[-1], session


@mutant(breaks="ASVS-4.2.2/login-form-csrf")
class LoginsEndWhereTheyBegan(ReferenceServer):
    """Whoever fills in the form of another browser is logged in there too."""

    def page_belongs_to(self, transaction: Transaction, session: Session, token: str) -> bool:
        del transaction, session, token
        return True

    async def after_login(self, transaction: Transaction, session: Session) -> Response:
        begun = transaction.session_key
        if self.sessions.get(begun) is not None:
            until = self.clock() + self.config.session_lifetime_s
            self.sessions.put(begun, replace(session, key=begun), until)
        return await super().after_login(transaction, session)


@mutant(breaks="RFC6749-3.3/scope-syntax")
class CommasSeparateScopes(ReferenceServer):
    """A comma between two scopes is taken for a space."""

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        spaced = None if requested is None else requested.replace(",", " ")
        return super().authorized_scope(client, spaced, types, prompts)


@mutant(breaks="RFC6749-3.1.1/unknown-response-type")
class ResponseTypesHaveNoCase(ReferenceServer):
    """`CODE` is taken for `code`."""

    async def authorization_form(self, request: Request) -> Form:
        form = await super().authorization_form(request)
        if form.get("response_type") != "CODE":
            return form
        return Form.parse(request.url.query.replace("=CODE", "=code").encode())


@mutant(breaks="RFC9110-9.1/known-method-405")
class CodesComeByPut(ReferenceServer):
    """The authorization endpoint serves PUT as it does GET."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        routes = super().routes()
        here = f"{self.path}/authorize"
        return {**routes, here: {**routes[here], "PUT": self.authorize}}


@mutant(breaks="RFC6749-4.1.1/decision-obtained")
class ClientsSayThatTheyAreTrusted(ReferenceServer):
    """Nobody is asked about a client that registered not to need it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.trusted: set[str] = set()

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("skip_consent") is True:
            self.trusted.add(client_id)
        return super().client_of_metadata(body, client_id, secret)

    def consent_is_needed(self, transaction: Transaction, session: Session) -> bool:
        if transaction.wish.client.client_id in self.trusted:
            return False
        return super().consent_is_needed(transaction, session)


@mutant(breaks="ASVS-3.1.1/no-tokens-in-addresses")
class PagesHaveTokensInTheirAddresses(ReferenceServer):
    """The address of the consent page has a token in it."""

    async def after_login(self, transaction: Transaction, session: Session) -> Response:
        response = await super().after_login(transaction, session)
        location = response.headers.get("location", "")
        if "/continue?" in location:
            response.headers["location"] = f"{location}&access_token={fresh_secret()}"
        return response
