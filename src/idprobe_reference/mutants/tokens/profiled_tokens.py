"""Mutants of access tokens in the JWT profile (RFC 9068), beyond the members of bent_tokens."""

# ruff: noqa: D102, S106 - names of algorithms; the class of a mutant says what its one method does

import secrets
from dataclasses import replace
from typing import Any

from idprobe_reference.mutants.bending import bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig
from idprobe_reference.stores import AccessToken

CLAIMS = "access_token_claims"

for one in (
    (CLAIMS, "RolesHaveANameOfTheirOwn", "Access tokens have user_roles.",
     "RFC9068-2.2.3.1/scim-attribute-names", having(user_roles=["admin"])),
    (CLAIMS, "RolesAreOneText", "The roles of access tokens are one text.",
     "RFC9068-2.2.3.1/scim-encoding", having(roles="admin user")),
):  # fmt: skip
    bend(*one)


@mutant(breaks="RFC9068-2.2/sub-is-client")
class ClientsAreSomebodyElseEachTime(ReferenceServer):
    """The sub of a client's own token is another one each time."""

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().access_token_claims(token)
        own = token.grant.user is None
        return {**claims, "sub": secrets.token_hex(8)} if own else claims


@mutant(
    breaks="RFC9068-2.1/rs256-supported",
    also={
        "OIDCC-15.1/rs256-supported": "no token is signed with RS256",
        "OIDCD-3/id-token-algs-include-rs256": "no token is signed with RS256",
    },
)
class NothingIsSignedByRsa(ReferenceServer):
    """All tokens are signed with ES256, and no RSA key is published."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        clients = [replace(one, id_token_signed_response_alg="ES256") for one in config.clients]
        super().__init__(
            replace(
                config,
                clients=tuple(clients),
                access_token_signing_alg="ES256",
                id_token_signing_alg_values=("ES256",),
            ),
            **options,
        )

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        return {"keys": [key for key in keys if key["kty"] != "RSA"]}
