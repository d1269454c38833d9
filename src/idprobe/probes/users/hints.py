"""ID Tokens that come back as id_token_hint though the server never issued them."""

from collections.abc import Mapping
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.flows import authorize, redeem
from idprobe.formats.jose import generate_key, read_jwt, sign_jwt, spare_key
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, tried
from idprobe.probes.steps.token_requests import id_token_of

__all__ = ["NOBODY", "id_token_hints_forged"]

NOBODY: Final = "idprobe-nobody"


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.OPENID}, logs_in=True)
async def id_token_hints_forged(wire: Wire) -> None:
    """Ask silently with hints that are genuine or forged, for the user and for nobody.

    Steps `genuine`; `FAULT-own` and `FAULT-nobody` for `foreign-key`, `foreign-issuer`, `unsigned`
    and `altered`, which has the signature of the genuine one.
    """
    provider = wire.provider
    authorized = await wire.run(authorize(provider, scope="openid"), "login")
    tokens = await wire.run(redeem(provider, authorized), "tokens")
    token = id_token_of(wire, tokens)
    await _ask(wire, "genuine", token)
    claims = dict(read_jwt(token).claims)
    forged = {"foreign-key": {}, "foreign-issuer": {"iss": "https://idprobe.example"}}
    for fault, change in forged.items():
        for whose, sub in {"own": claims.get("sub"), "nobody": NOBODY}.items():
            hint = _signed_by_us(token, {**claims, **change, "sub": sub})
            await _ask(wire, f"{fault}-{whose}", hint)
    for whose, sub in {"own": claims.get("sub"), "nobody": NOBODY}.items():
        changed = {**claims, "sub": sub, "idprobe": True}
        unsigned = sign_jwt(changed, generate_key("EC"), {"alg": "none"})
        await _ask(wire, f"unsigned-{whose}", unsigned)
        head, _, signature = token.split(".")
        await _ask(wire, f"altered-{whose}", f"{head}.{unsigned.split('.')[1]}.{signature}")
    await wire.run(authorize(provider, scope="openid"), "control")


async def _ask(wire: Wire, step: str, hint: str) -> None:
    extra = (("scope", "openid"), ("prompt", "none"), ("id_token_hint", hint))
    await tried(wire, step, ordinary(wire.provider, extra=extra), user=False)


def _signed_by_us(token: str, claims: Mapping[str, Any]) -> str:
    """Return the claims under the header of a token, signed with a key of a stranger."""
    header = dict(read_jwt(token).header)
    alg = "ES256" if str(header.get("alg")).startswith("ES") else "RS256"
    key = spare_key("stranger", "EC" if alg == "ES256" else "RSA")
    return sign_jwt(claims, key, {**header, "alg": alg})
