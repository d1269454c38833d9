"""Mutants that compare secrets carelessly."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe.reference.mutants.registry import mutant
from idprobe.reference.server import ReferenceServer
from idprobe.reference.settings import ClientConfig

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


@mutant(breaks="RFC9700-2.5/client-authentication-enforced")
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
