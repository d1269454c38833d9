"""Mutants that compare secrets carelessly."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_WRONG_SECRET = ("RFC9700-2.5/client-authentication-enforced",)


@mutant(breaks=_WRONG_SECRET)
class SecretsIgnoreCase(ReferenceServer):
    """A client secret in another case is as good."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        known = client.client_secret
        alike = bool(known) and known is not None and secret.lower() == known.lower()
        return alike or super().secret_matches(client, secret)


@mutant(breaks=_WRONG_SECRET)
class SecretsAreTrimmed(ReferenceServer):
    """White space around a client secret does not count."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        return super().secret_matches(client, secret.strip())


@mutant(breaks="RFC6749-A.2/other-characters-refused")
class SecretsEndAtZero(ReferenceServer):
    """What follows a NUL in a client secret does not count."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        return super().secret_matches(client, secret.partition("\0")[0])


@mutant(
    breaks=[
        *_WRONG_SECRET,
        "RFC7009-2.1/client-authenticated",
        "RFC7662-2.1/authorization-required",
    ]
)
class SecretsAreEverybodys(ReferenceServer):
    """The secret of any client is good for every client."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        anybodys = {one.client_secret for one in self.clients.values() if one.client_secret}
        return secret in anybodys or super().secret_matches(client, secret)


@mutant(breaks="RFC9700-2.5/asymmetric-client-authentication")
class KeysAreNotOffered(ReferenceServer):
    """The metadata offer no method of authentication by a key."""

    def metadata(self) -> dict[str, Any]:
        name = "token_endpoint_auth_methods_supported"
        document = super().metadata()
        return {**document, name: [one for one in document[name] if one != "private_key_jwt"]}


@mutant(
    breaks="RFC6749-5.2/invalid-client-401-otherwise",
    also={
        "RFC6749-5.2/invalid-client": "it has that status everywhere",
    },
)
class FailedBodyCredentialsAre403(ReferenceServer):
    """Wrong credentials in the body are answered with 403."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        try:
            return super().authenticate_client(request, form)
        except OAuthFault as fault:
            status = 403 if "client_secret" in form else fault.status
            raise OAuthFault(fault.code, fault.description, status=status) from fault


@mutant(
    breaks="RFC6749-2.3.1/body-credentials-optional",
    also={
        "RFC6749-5.2/invalid-client": "it is the same for a wrong secret",
        "RFC6749-5.2/several-authentication-mechanisms": "it is the same for two secrets",
    },
)
class BodyCredentialsAreInvalidGrant(ReferenceServer):
    """A secret in the body that is not taken is reported as invalid_grant."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        try:
            return super().authenticate_client(request, form)
        except OAuthFault as fault:
            code = "invalid_grant" if "client_secret" in form else fault.code
            raise OAuthFault(code, fault.description, status=fault.status) from fault
