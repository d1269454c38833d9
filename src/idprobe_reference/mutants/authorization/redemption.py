"""Mutants of the redemption of codes, and of what a front-channel response lacks."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from idprobe_reference.faults import OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session

ENOUGH = 16


@mutant(breaks="RFC6749-4.1.3/code-validated")
class CodesAreMatchedByPrefix(ReferenceServer):
    """The beginning of a code is enough."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        given = form.get("code", "")[:ENOUGH]
        known = [
            code.value for code in self.codes if code.value.startswith(given) and not code.used
        ]
        if len(given) == ENOUGH and known:
            form = Form([*((n, v) for n, v in form.items() if n != "code"), ("code", known[0])])
        return await super().redeem_code(client, form)


@mutant(
    breaks="RFC6749-4.1.3/code-parameter-required",
    also={"RFC6749-5.2/invalid-request-missing-parameter": "it is another code"},
)
class MissingCodeIsInvalidGrant(ReferenceServer):
    """A token request without a code is reported as invalid_grant."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if "code" not in form:
            raise OAuthFault("invalid_grant", "code is missing")
        return await super().redeem_code(client, form)


@mutant(breaks="RFC6749-4.1.4/error-follows-5-2")
class BadCodesAre403(ReferenceServer):
    """A code that is not good is answered with status 403."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().redeem_code(client, form)
        except OAuthFault as fault:
            raise OAuthFault(fault.code, fault.description, status=403) from fault


@mutant(breaks="RFC6749-A.11/code-syntax")
class CodesAreNotAscii(ReferenceServer):
    """A code has letters that are not ASCII."""

    def code_value(self, wish: Wish) -> str:
        return f"{super().code_value(wish)}é"


@mutant(breaks="RFC6749-4.2.2/expires-in-present", profile="speakup")
class ImplicitWithoutExpiresIn(ReferenceServer):
    """Front-channel access tokens come without expires_in."""

    async def authorization_response(self, wish: Wish, session: Session) -> dict[str, str]:
        parameters = await super().authorization_response(wish, session)
        return {name: value for name, value in parameters.items() if name != "expires_in"}


@mutant(breaks=["RFC6749-3.1/post-supported", "OIDCC-3.1.2.1/post-supported"])
class AuthorizationByGetOnly(ReferenceServer):
    """The authorization endpoint does not answer POST."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        return {**super().routes(), f"{self.path}/authorize": {"GET": self.authorize}}


@mutant(
    breaks=[
        "RFC7636-7.2/s256-support-required",
        "RFC7636-7.2/secure-method-used",
        "RFC7636-7.2/plain-not-used",
    ],
    also={"RFC8414-2/listed-capabilities-work": "plain does not work"},
)
class MetadataListsPlainAlone(ReferenceServer):
    """The metadata lists plain and not S256."""

    def challenge_methods(self) -> list[str]:
        return ["plain"]
