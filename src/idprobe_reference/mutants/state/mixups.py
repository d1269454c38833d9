"""Mutants that mix up what is apart: two values, two clients, two hosts, two errors."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idprobe_reference.endpoints.authorization import Step, Transaction
from idprobe_reference.endpoints.registration import Record
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session


@mutant(
    "RFC6749-3.1/repeated-parameter-rejected",
    also={"OIDCC-3.1.2.2/oauth-parameters-validated": "so OpenID Connect has it too"},
)
class GoodOneOfTwoRedirectUrisCounts(ReferenceServer):
    """Of several redirect URIs in a request the registered one is taken."""

    def wish_of(self, form: Form) -> Wish:
        client = self.clients.get(form.get("client_id", ""))
        known = client.redirect_uris if client else ()
        good = [one for one in form.everything("redirect_uri") if one in known][:1]
        others = [pair for pair in form.pairs if pair[0] != "redirect_uri"]
        if "redirect_uri" in form.repeated() and good:
            return super().wish_of(Form([*others, ("redirect_uri", good[0])]))
        return super().wish_of(form)


@mutant(
    [
        "RFC6749-3.1.2.4/no-redirect-to-invalid-uri",
        "RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri",
        "OIDCC-3.1.2.6/invalid-redirect-uri-not-followed",
    ]
)
class OtherFaultsAreReportedFirst(ReferenceServer):
    """A bad response_type is reported before the redirect_uri is looked at."""

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        given = form.get("redirect_uri")
        if given is not None and form.get("response_type") == "bogus":
            return given
        return super().redirect_uri_for(client, form)


@mutant("OIDCC-3.1.2.6/prompt-none-error-code")
class SilenceIsDenied(ReferenceServer):
    """What cannot be done without a page is access_denied."""

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        try:
            return super().next_step(transaction, session)
        except AuthorizationFault as fault:
            if fault.code != "login_required":
                raise
            raise AuthorizationFault("access_denied", fault.description) from fault


@mutant(
    [
        "RFC7592-2.1/bad-token-error",
        "RFC7592-2.2/bad-token-error",
        "RFC7592-2.3/bad-token-error",
        "OIDCR-4.1/token-matched-to-client",
    ]
)
class TokenOfOneClientOpensAll(ReferenceServer):
    """The registration access token of any client is good for every client."""

    def registration_token_fits(self, record: Record, given: str) -> bool:
        fits = super().registration_token_fits
        return fits(record, given) or any(fits(one, given) for one in self.records.values())


@mutant("RFC8414-3.3/unconfigured-host-not-followed")
class LoginFollowsHost(ReferenceServer):
    """Whoever comes under another host is sent on there."""

    async def authorize(self, request: Request) -> Response:
        host = request.headers["host"]
        if f"//{host}/" in f"{self.issuer()}/":
            return await super().authorize(request)
        return RedirectResponse(str(request.url.replace(netloc=host)), 302)


@mutant(
    ["RFC6749-3.1/repeated-parameter-rejected", "RFC6749-4.1.2.1/invalid-request"],
)
class FirstOfTwoValuesCounts(ReferenceServer):
    """Of a parameter that is there twice the first value counts."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        return super().details_of(client, Form(list(form.items())), types)


@mutant("RFC6749-10.14/input-sanitised")
class WishesBeginHeaders(ReferenceServer):
    """What follows a line break in ui_locales or acr_values is a header of the answer."""

    async def authorize(self, request: Request) -> Response:
        response = await super().authorize(request)
        for name in ("ui_locales", "acr_values"):
            field, colon, value = (
                request.query_params.get(name, "").rpartition("\r\n")[2].partition(":")
            )
            if colon:
                response.headers[field] = value.strip()
        return response
