"""Mutants of client authentication and of registration."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import AuthMethod, ClientConfig

_SECRET_MATTERS = (
    "RFC6749-4.4.2/authenticate-client",
    "RFC6749-4.1.3/authenticate-if-included",
    "RFC6749-6/authenticate-if-included",
    "RFC6749-5.2/invalid-client",
    "RFC6749-5.2/invalid-client-401-for-authorization-header",
    "RFC6749-5.2/invalid-client-www-authenticate",
    "OIDCC-3.1.3.2/client-authenticated",
    "OIDCC-9/client-secret-basic",
)
_IDENTIFIER_IS_NOT_ENOUGH = (
    "RFC6749-2.2/client-id-is-not-a-credential",
    "RFC6749-3.2.1/confidential-client-must-authenticate",
    "RFC6749-4.1.3/require-client-authentication",
    "RFC6749-4.4.2/authenticate-client",
    "RFC6749-6/require-client-authentication",
    "RFC6749-10.2/authenticate-whenever-possible",
    "RFC9700-2.5/client-authentication-enforced",
    "OIDCC-3.1.3.2/client-authenticated",
    "OIDCC-12.1/client-authenticated",
    "OIDCC-9/none-method-for-public-clients",
)


@mutant(
    breaks=_SECRET_MATTERS,
    also={
        "RFC9700-2.5/client-authentication-enforced": "near misses of the secret are taken too",
        "RFC7009-2.1/client-authenticated": "it authenticates in the same way",
        "RFC7662-2.1/authorization-required": "it authenticates in the same way",
        "RFC7662-2.3/bad-client-credentials-401": "it authenticates in the same way",
    },
)
class AnySecretWillDo(ReferenceServer):
    """Every secret is taken for the right one."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        return bool(secret) or super().secret_matches(client, secret)


@mutant(
    breaks=_IDENTIFIER_IS_NOT_ENOUGH,
    also={
        "RFC7009-2.1/client-authenticated": "it authenticates in the same way",
        "RFC7662-2.1/authorization-required": "it authenticates in the same way",
    },
)
class ClientIdIsEnough(ReferenceServer):
    """A confidential client that sends no credentials is believed."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        presented = self.presented_credentials(request, form)
        client = self.clients.get(presented.client_id or "")
        if presented.method == "none" and client is not None:
            return client
        return super().authenticate_client(request, form)


@mutant(breaks=["RFC6749-5.2/several-authentication-mechanisms", "RFC7521-4.2.1/invalid-client"])
class SeveralCredentialsAreTaken(ReferenceServer):
    """A client may authenticate in several ways at once."""

    def refuse_several(self, *, by_assertion: bool) -> None:
        pass


@mutant(breaks="OIDCC-3.1.3.1/registered-auth-method-enforced")
class EveryMethodFits(ReferenceServer):
    """A client may authenticate in a way that it did not register."""

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        del client, method
        return True


@mutant(breaks="OIDCC-9/assertion-single-use")
class AssertionsCanBeReplayed(ReferenceServer):
    """A client assertion works more than once."""

    def assertion_is_new(self, spent: str) -> bool:
        del spent
        return True


@mutant(
    breaks=[
        "OIDCC-9/assertion-aud-verified",
        "RFC7519-4.1.3/foreign-audience-rejected",
        "RFC7521-5.1/audience-string-comparison",
        "RFC7521-5.2/foreign-audience-rejected",
        "RFC7523-3/aud-required",
        "RFC7523-3/aud-string-comparison",
        "RFC7523-3/foreign-aud-rejected",
        "RFC7523-3.2/invalid-client",
        "RFC8725-3.9/aud-validated",
    ]
)
class AssertionsForOthersAreTaken(ReferenceServer):
    """A client assertion for another server is accepted."""

    def assertion_audience_fits(self, audience: object) -> bool:
        del audience
        return True


@mutant(
    breaks=[
        "RFC7592-2.1/bad-token-error",
        "RFC7592-2.2/bad-token-error",
        "RFC7592-2.3/bad-token-error",
        "OIDCR-4.4/invalid-token-bearer-error",
        "OIDCR-4.4/invalid-is-401",
        "OIDCR-4.1/token-matched-to-client",
    ]
)
class AnyRegistrationTokenWillDo(ReferenceServer):
    """Every registration access token opens every registration."""

    def registration_token_fits(self, record: object, given: str) -> bool:
        del record, given
        return True


@mutant(breaks="RFC6749-2.3.2/method-mapped-to-client")
class BodyNamesTheClient(ReferenceServer):
    """Whoever proves to be one client by Basic is the one that the body names."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        named = form.get("client_id", "")
        if "authorization" not in request.headers or named not in self.clients:
            return super().authenticate_client(request, form)
        rest = Form([pair for pair in form.items() if pair[0] != "client_id"])
        super().authenticate_client(request, rest)
        return self.clients[named]


@mutant(breaks="OIDCC-9/default-client-secret-basic")
class NewcomersCannotUseBasic(ReferenceServer):
    """A client that registered itself is refused when it uses HTTP Basic."""

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        is_new = client.client_id in self.records
        return super().method_fits(client, method) and not (
            is_new and method == "client_secret_basic"
        )
