"""Which protection of answers can be registered (OpenID Connect Registration section 2)."""

from collections.abc import Mapping
from typing import Any, Final

from idprobe_reference.faults import OAuthFault
from idprobe_reference.settings import (
    ENCRYPTION_ALGORITHMS,
    ENCRYPTIONS,
    ClientConfig,
    ServerConfig,
)
from idprobe_reference.tokens.protection import key_to_encrypt_to

__all__ = ["check_protection", "protection_members", "protection_of"]

_ENCRYPTED: Final = ("id_token", "userinfo")
_NAMES: Final = (
    "userinfo_signed_response_alg",
    *(f"{kind}_encrypted_response_{what}" for kind in _ENCRYPTED for what in ("alg", "enc")),
    "request_object_encryption_alg",
    "request_object_encryption_enc",
)


def protection_of(body: Mapping[str, Any], config: ServerConfig) -> dict[str, Any]:
    """Return what `body` says of how answers are protected; raises OAuthFault."""
    allowed: dict[str, tuple[str, ...]] = {name: _allowed(name, config) for name in _NAMES}
    for name, values in allowed.items():
        if body.get(name) is not None and body[name] not in values:
            raise OAuthFault("invalid_client_metadata", f"{name} has a value that is not supported")
    for alg in (name for name in _NAMES if name.endswith(("_response_alg", "encryption_alg"))):
        enc = f"{alg.removesuffix('alg')}enc"
        if body.get(enc) is not None and body.get(alg) is None:
            raise OAuthFault("invalid_client_metadata", f"{enc} comes with {alg}")
    return {name: body.get(name) for name in _NAMES}


def _allowed(name: str, config: ServerConfig) -> tuple[str, ...]:
    if name == "userinfo_signed_response_alg":
        return config.id_token_signing_alg_values if config.userinfo_signing else ()
    if not config.encryption:
        return ()
    return ENCRYPTION_ALGORITHMS if name.endswith("alg") else ENCRYPTIONS


def check_protection(client: ClientConfig) -> ClientConfig:
    """Return the client; raises OAuthFault where there is no key to do what it wants."""
    signing = (client.id_token_signed_response_alg, client.userinfo_signed_response_alg)
    if any((alg or "").startswith("HS") for alg in signing) and not client.client_secret:
        raise OAuthFault("invalid_client_metadata", "a MAC needs a client with a secret")
    for kind in _ENCRYPTED:
        alg = getattr(client, f"{kind}_encrypted_response_alg")
        enc = getattr(client, f"{kind}_encrypted_response_enc") or ENCRYPTIONS[0]
        if alg is not None and key_to_encrypt_to(client, alg, enc) is None:
            raise OAuthFault("invalid_client_metadata", f"there is no key to encrypt to by {alg}")
    return client


def protection_members(client: ClientConfig) -> dict[str, Any]:
    """Return what a client is told of it."""
    return {name: getattr(client, name) for name in _NAMES}
