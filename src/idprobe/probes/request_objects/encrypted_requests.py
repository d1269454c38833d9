"""Request Objects that are signed and then encrypted (OpenID Connect Core section 6.3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.jose import spare_key
from idprobe.formats.jwe import CONTENT_BITS, encrypt
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.request_objects.request_objects import (
    IN_OBJECT,
    NEEDS,
    OPENID,
    control,
    sealer_of,
)
from idprobe.probes.steps.altered_tokens import altered
from idprobe.probes.steps.authorization_request import ordinary, tried

__all__ = ["request_object_encrypted"]

ALG: Final = "request_object_encryption_alg_values_supported"
ENC: Final = "request_object_encryption_enc_values_supported"
KEY_TYPES: Final[Mapping[str, str]] = {
    "RSA-OAEP-256": "RSA",
    "RSA-OAEP": "RSA",
    "ECDH-ES": "EC",
    "ECDH-ES+A128KW": "EC",
    "ECDH-ES+A256KW": "EC",
}


@probe(role=Role.SIGNED, needs=NEEDS | {Capability.SIGNED_CLIENT, Capability.JWKS}, logs_in=True)
async def request_object_encrypted(wire: Wire) -> None:
    """Encrypt Request Objects: `sealed`, then `altered` and `foreign-key`, then `sealed-again`."""
    provider, sealer = wire.provider, sealer_of(wire.provider)
    response = await wire.send(Request.get(provider.endpoint("jwks_uri")), "keys")
    keys = response.json_object.get("keys") if response.is_success else None
    if not isinstance(keys, list):
        raise EvidenceError("there is no JWK Set")
    key, header = _key_to_use(provider, keys)
    await control(wire, sealer, "control")
    plain = ordinary(provider, extra=OPENID)
    foreign = spare_key("stranger", "EC" if str(sealer.header["alg"]).startswith("ES") else "RSA")
    alg = "ES256" if foreign["kty"] == "EC" else "RS256"
    strange = replace(sealer, key=foreign, header={**sealer.header, "alg": alg})
    sealed = encrypt(sealer.request(plain, state=IN_OBJECT), key, header)
    start, _, rest = sealed.partition(".")
    wrapped, vector, content, tag = rest.split(".")
    for step, request in {
        "sealed": sealed,
        "altered": ".".join((start, wrapped, vector, altered(content), tag)),
        "foreign-key": encrypt(strange.request(plain, state=IN_OBJECT), key, header),
        "sealed-again": encrypt(sealer.request(plain, state=IN_OBJECT), key, header),
    }.items():
        await tried(wire, step, (*plain, ("request", request)))


def _key_to_use(
    provider: Provider, keys: Sequence[Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return a published key that can be encrypted to, and the header for it."""
    offered = provider.metadata.get(ALG)
    algorithms = [one for one in KEY_TYPES if isinstance(offered, list) and one in offered]
    encs = [one for one in provider.metadata.get(ENC) or CONTENT_BITS if one in CONTENT_BITS]
    for alg in algorithms:
        for key in keys:
            fits = key.get("kty") == KEY_TYPES[alg] and key.get("use", "enc") == "enc"
            if fits and key.get("alg", alg) in KEY_TYPES and encs:
                named = {"kid": key["kid"]} if "kid" in key else {}
                return key, {"alg": alg, "enc": encs[0], "cty": "JWT", **named}
    raise Unsuited("the server publishes no key that Request Objects can be encrypted to")
