"""Mutants of assertions as grants (RFC 7521, RFC 7523)."""

# ruff: noqa: D102 - the class of a mutant says what its methods do

from typing import Any, Final

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ASSERTION_GRANT, ClientConfig, UserConfig

BOTH: Final = ("RFC7521-4.1.1/invalid-grant", "RFC7523-3.1/invalid-grant")


@mutant(breaks="RFC7521-4.1/grant-type-and-assertion-required")
class MissingAssertionsAreInvalidGrants(ReferenceServer):
    """A grant without its assertion is invalid_grant."""

    async def grant_by_assertion(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if "assertion" not in form:
            raise OAuthFault("invalid_grant", "assertion is missing")
        return await super().grant_by_assertion(client, form)


@mutant(breaks=BOTH)
class BadAssertionsAreInvalidRequests(ReferenceServer):
    """What is wrong with an assertion is called invalid_request."""

    async def grant_by_assertion(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().grant_by_assertion(client, form)
        except OAuthFault as fault:
            code = "invalid_request" if fault.code == "invalid_grant" else fault.code
            raise OAuthFault(code, fault.description) from fault


@mutant(breaks=BOTH)
class AssertionsMayBeOutOfDate(ReferenceServer):
    """The times and the audience of an assertion are not looked at."""

    def grant_assertion_is_acceptable(self, client: ClientConfig, claims: dict[str, Any]) -> bool:
        claims = {**claims, "exp": self.now() + 60, "nbf": 0, "aud": self.issuer()}
        return super().grant_assertion_is_acceptable(client, claims)

    def token_ends_with(self, _claims: dict[str, Any]) -> int | None:
        return None


@mutant(breaks="RFC7523-3.1/invalid-grant")
class AssertionsAboutNobodyAreBelieved(ReferenceServer):
    """An assertion about somebody unknown is taken to be about the first user."""

    def subject_of(self, sub: object) -> UserConfig | None:
        return super().subject_of(sub) or next(iter(self.users.values()), None)


@mutant(breaks="RFC7523-2.1/single-jwt-grant")
class TheFirstAssertionCounts(ReferenceServer):
    """Of several assertions the first is read."""

    def check_repetition(self, form: Form) -> None:
        if form.repeated() != {"assertion"}:
            super().check_repetition(form)

    async def grant_by_assertion(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        pairs = [(n, v.partition(" ")[0] if n == "assertion" else v) for n, v in form.pairs]
        return await super().grant_by_assertion(client, Form(pairs))


@mutant(breaks="RFC7523-3.1/credentials-checked-if-present")
class AssertionsReplaceCredentials(ReferenceServer):
    """Whoever brings an assertion as a grant is not asked for credentials."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        if form.get("grant_type") == ASSERTION_GRANT:
            return self.clients["signed"]
        return super().authenticate_client(request, form)


@mutant(breaks="RFC7521-4.1/scope-limited-to-grant")
class AssertionsBringAnyScope(ReferenceServer):
    """The scope of a token is the one that was asked for."""

    def scope_for_assertion(self, client: ClientConfig, requested: str | None) -> frozenset[str]:
        return frozenset((requested or "").split()) or super().scope_for_assertion(client, None)


@mutant(breaks="RFC7521-4.1/token-lifetime-not-beyond-assertion")
class TokensOutliveAssertions(ReferenceServer):
    """A token lives as long as any other, however short its assertion is good."""

    def token_ends_with(self, _claims: dict[str, Any]) -> int | None:
        return None
