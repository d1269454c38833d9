"""Mutants of JWTs inside of encryption: what the outer header says."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from abc import ABC, abstractmethod
from typing import Any, Final

from joserfc import jwe
from joserfc.jwe import JWERegistry

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ENCRYPTION_ALGORITHMS, ENCRYPTIONS, ClientConfig

ALLOWED: Final = [*ENCRYPTION_ALGORITHMS, *ENCRYPTIONS, "DEF"]


class _OuterHeaders(ReferenceServer, ABC):
    """Encrypts with a header that is changed."""

    @abstractmethod
    def bent(self, header: dict[str, Any]) -> dict[str, Any]: ...

    def encrypted(self, client: ClientConfig, content: str, alg: str, enc: str) -> str:
        found = self.key_to_encrypt_to(client, alg, enc)
        if found is None:
            raise ValueError("a client was registered that nobody can encrypt to")
        kid, key = found
        named = {"kid": kid} if kid else {}
        header = self.bent({"alg": alg, "enc": enc, "cty": "JWT", **named})
        registry = JWERegistry(algorithms=ALLOWED, strict_check_header=False)
        return jwe.encrypt_compact(header, content, key, registry=registry)


@mutant(breaks="RFC7519-5.2/cty-for-nested")
class NestedJwtsAreNotCalledSo(_OuterHeaders):
    """What is encrypted has no cty, though there is a JWT inside."""

    def bent(self, header: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in header.items() if name != "cty"}


@mutant(breaks="RFC7519-5.3/replicated-claims-identical")
class HeadersHaveAnotherIssuer(_OuterHeaders):
    """The header of what is encrypted has an iss that is not the one inside."""

    def bent(self, header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "iss": "https://other.idprobe.example"}


@mutant(breaks="RFC8725-3.6/no-compression-before-encryption")
class ContentIsCompressed(_OuterHeaders):
    """What is encrypted was compressed before."""

    def bent(self, header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "zip": "DEF"}


@mutant(breaks="RFC8725-3.11/typ-in-inner-jwt")
class OnlyEncryptionIsTyped(_OuterHeaders):
    """The explicit type is that of the encryption, and not of the JWT inside."""

    def bent(self, header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "typ": "id-token+jwt"}


@mutant(breaks="OIDCBCL-2.4/iss-replicated-when-encrypted")
class EncryptedLogoutTokensHaveNoSender(ReferenceServer):
    """Nothing outside of the encryption of a Logout Token says who sent it."""

    def logout_token_outside(self) -> dict[str, str]:
        return {}
