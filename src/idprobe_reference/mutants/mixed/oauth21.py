"""Mutants that are as OAuth 2.0 allows, and not as OAuth 2.1 wants."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.bending import bend, having, lacking
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code, RefreshToken, Session

TLS: Final[tuple[tuple[Any, ...], ...]] = (
    ("metadata", "UserinfoIsHttp", "The userinfo endpoint is announced with http.",
     "OAUTH21-1.5/https-only",
     lambda m: {**m, "userinfo_endpoint": m["userinfo_endpoint"].replace("https:", "http:")},
     ["OIDCD-3/userinfo-endpoint-https", "OIDCC-1.2/userinfo-endpoint-https",
      "RFC6749-10.3/tokens-over-tls-only", "RFC6749-10.8/no-credentials-in-clear"]),
)  # fmt: skip
PLAIN: Final[tuple[tuple[Any, ...], ...]] = (
    ("metadata", "ImplicitGrantIsAnnounced", "The grant types have implicit.",
     "OAUTH21-10/implicit-and-password-omitted",
     lambda m: {**m, "grant_types_supported": [*m["grant_types_supported"], "implicit"]}),
    ("metadata", "S256IsNotAnnounced", "The challenge methods are plain alone, though S256 works.",
     "OAUTH21-7.10/challenge-methods-detectable",
     having(code_challenge_methods_supported=["plain"]),
     ["RFC7636-7.2/plain-not-used", "RFC7636-7.2/s256-support-required",
      "RFC7636-7.2/secure-method-used"]),
    ("token_response", "ScopeIsNotTold", "A token response never says its scope.",
     "OAUTH21-3.2.3/scope-returned", lacking("scope")),
    ("token_response", "TokenResponseHasNull", "A token response has a member that is null.",
     "OAUTH21-C.3/no-null-members", having(**{"idprobe.session": None})),
    ("introspection", "IntrospectionHasNull", "What is not known of a token is null.",
     "OAUTH21-C.3/no-null-members", having(nickname=None)),
    ("client_members", "ClientInformationHasNull", "What a client did not register is null.",
     "OAUTH21-C.3/no-null-members", lambda m: {"policy_uri": None, **m}),
)  # fmt: skip
for row in TLS:
    bend(*row, medium="tls")
for one in PLAIN:
    bend(*one)


@mutant(breaks=["OAUTH21-2.4.1/secret-in-body-supported", "OIDCC-9/client-secret-post"])
class SecretBelongsIntoTheHeader(ReferenceServer):
    """Credentials in the body make a request invalid."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        if "client_secret" in form:
            raise OAuthFault("invalid_request", "credentials belong into the header")
        return super().presented_credentials(request, form)


@mutant(breaks="OAUTH21-C.3/no-null-members")
class TokenErrorsHaveNull(ReferenceServer):
    """An error without a page of its own has null in place of its address."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        members = {**json.loads(bytes(response.body)), "idprobe.error_page": None}
        headers = {n: v for n, v in response.headers.items() if n != "content-length"}
        return json_reply(members, response.status_code, headers)


@mutant(
    breaks=[
        "OAUTH21-4.1.1/code-challenge-enforced",
        "OAUTH21-4.1.2.1/public-client-without-challenge-rejected",
    ]
)
class PublicClientsNeedNoChallenge(ReferenceServer):
    """Public clients get codes without a challenge."""

    def pkce_is_required(self, client: ClientConfig) -> bool:
        return not client.is_public


@mutant(
    breaks=[
        "OAUTH21-4.1.1/code-challenge-enforced",
        "OAUTH21-4.1.2.1/other-client-without-challenge-rejected",
    ]
)
class ConfidentialClientsNeedNoChallenge(ReferenceServer):
    """Confidential clients get codes without a challenge, and without a nonce."""

    def pkce_is_required(self, client: ClientConfig) -> bool:
        return client.is_public


@mutant(breaks="OAUTH21-7.9/informed-consent")
class ConsentPageHidesTheName(ReferenceServer):
    """The consent page shows the client_id in place of the client's name."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        client = transaction.wish.client
        nameless = {k: v for k, v in client.display.items() if k != "client_name"}
        wish = replace(transaction.wish, client=replace(client, display=nameless))
        return super().consent_page(replace(transaction, wish=wish), session)


@mutant(breaks="OAUTH21-7.5.2/invalid-replay-does-not-revoke")
class AnyReplayRevokes(ReferenceServer):
    """Whoever sends a used code again ends its tokens, whatever the verifier."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        if code.used:
            self.revoke_family(code.grant)
        return super().verify_pkce(code, verifier)


@mutant(breaks="OAUTH21-4.3.1/issued-to-client-id")
class RefreshTokensOfPublicClientsAreAnybodys(ReferenceServer):
    """A refresh token of a public client works for every client."""

    def refresh_token_belongs_to(self, token: RefreshToken, client: ClientConfig) -> bool:
        owner = self.clients[token.grant.client_id]
        return owner.is_public or super().refresh_token_belongs_to(token, client)
