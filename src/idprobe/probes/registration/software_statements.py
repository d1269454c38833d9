"""Software statements (RFC 7591 section 2.3) that nobody should believe."""

from collections.abc import Iterator
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.formats.jose import generate_key, public_key, sign_jwt
from idprobe.model.profile import Capability
from idprobe.probes import probe
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients

__all__ = ["software_statements"]

ISSUER: Final = "https://nobody.idprobe.example"
CLAIMS: Final[dict[str, Any]] = {"iss": ISSUER, "software_id": "idprobe", "client_name": "Stated"}


@probe(needs={Capability.REGISTRATION})
async def software_statements(wire: Wire) -> None:
    """Register with statements that are none, or nobody's; a step for each, between two controls.

    Steps: `garbage`, `unsigned`, `nameless` (without iss), `stranger` (well signed, by nobody).
    """
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        for step, statement in _statements():
            await throwaway.offer(step, metadata_for(wire.provider, software_statement=statement))
        await throwaway.register("control-again", metadata_for(wire.provider))


def _statements() -> Iterator[tuple[str, str]]:
    key = generate_key("EC")
    header = {"alg": "ES256", "typ": "JWT", "jwk": public_key(key)}
    nameless = {name: value for name, value in CLAIMS.items() if name != "iss"}
    yield "garbage", "idprobe"
    yield "unsigned", sign_jwt(CLAIMS, {}, {"alg": "none"})
    yield "nameless", sign_jwt(nameless, key, header)
    yield "stranger", sign_jwt(CLAIMS, key, header)
