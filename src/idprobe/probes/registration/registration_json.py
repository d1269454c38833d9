"""Registration requests in every spelling of JSON that is one, and in one that is two."""

import json
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.flows import registration_request, visit
from idprobe.flows.registration import registration_of
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.throwaway_clients import (
    CALLBACK,
    ThrowawayClients,
    metadata_for,
    throwaway_clients,
)

__all__ = ["registration_spellings", "registration_with_repeated_name"]

ELSEWHERE: Final = "https://elsewhere.idprobe.example/cb"
ORDERS: Final = {"one-last": (ELSEWHERE, CALLBACK), "one-first": (CALLBACK, ELSEWHERE)}


def _honest(wire: Wire) -> Request:
    token = wire.provider.profile.initial_access_token
    return registration_request(
        wire.provider, metadata_for(wire.provider), initial_access_token=token
    )


@probe(needs={Capability.REGISTRATION})
async def registration_spellings(wire: Wire) -> None:
    """Register by texts that say the same to every parser of JSON; a step for each.

    Steps: `spaced`, `escaped`, `slashes`, `nested`, `charset`. What is nested is in a member that
    no server knows: `unknown` has it as a text.
    """
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        good = _honest(wire)
        flat, nested = {"x_idprobe": "a"}, {"x_idprobe": {"a": [{"b": [None, 1.5e3, "\u20ac"]}]}}
        bodies = {
            "spaced": b" \r\n\t" + good.body + b"\n ",
            "escaped": good.body.replace(b"client_name", b"\\u0063lient_name"),
            "slashes": good.body.replace(b"/", b"\\/"),
            "unknown": json.dumps({**json.loads(good.body), **flat}).encode(),
            "nested": json.dumps({**json.loads(good.body), **nested}).encode(),
        }
        for step, body in bodies.items():
            await throwaway.send(step, replace(good, body=body))
        rest = tuple(pair for pair in good.headers if pair[0].lower() != "content-type")
        typed = (("Content-Type", "application/json;charset=UTF-8"), *rest)
        await throwaway.send("charset", replace(good, headers=typed))
        await throwaway.register("control-again", metadata_for(wire.provider))


@probe(needs={Capability.REGISTRATION, Capability.LOGIN})
async def registration_with_repeated_name(wire: Wire) -> None:
    """Register with redirect_uris twice, `one-last` and `one-first`; if that goes, use both.

    Steps: ORDER and, where a client was registered, ORDER-asked and ORDER-asked-elsewhere.
    """
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        good = _honest(wire)
        rest = {k: v for k, v in json.loads(good.body).items() if k != "redirect_uris"}
        for step, uris in ORDERS.items():
            twice = ",".join(f'"redirect_uris":{json.dumps([uri])}' for uri in uris)
            body = f"{json.dumps(rest)[:-1]},{twice}}}".encode()
            await _used(throwaway, step, replace(good, body=body))


async def _used(throwaway: ThrowawayClients, step: str, request: Request) -> None:
    registration = registration_of(await throwaway.send(step, request))
    if registration is None:
        return
    metadata = metadata_for(throwaway.wire.provider)
    provider = throwaway.wire.provider.with_client(registration.client("registered", metadata))
    for name, uri in {"asked": CALLBACK, "asked-elsewhere": ELSEWHERE}.items():
        parameters = ordinary(provider, extra=(("redirect_uri", uri),))
        await throwaway.wire.run(visit(provider, parameters, user=False), f"{step}-{name}")
