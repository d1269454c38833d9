"""Request Objects by reference (OpenID Connect Core section 6.2), served by our own listener."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from idprobe.client.listener import Place, Reply
from idprobe.client.wire import Wire
from idprobe.errors import NoResponse, Unsuited
from idprobe.flows import authorize
from idprobe.formats.jose import generate_key, public_key, spare_key
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import ordinary, tried
from idprobe.probes.steps.callbacks import JWT, signed_by
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients

__all__ = [
    "BEHIND_URI",
    "OUTER",
    "request_objects_referenced",
    "request_uri_held_back",
    "request_uris_bounded",
    "request_uris_faulty",
]

NEEDS: Final = frozenset(
    {
        Capability.LISTENER,
        Capability.REGISTRATION,
        Capability.AUTHORIZATION_CODE,
        Capability.OPENID,
    }
)
BEHIND_URI: Final = "idprobe-inner"
OUTER: Final = "idprobe-outer"
SUPPORTED: Final = "request_uri_parameter_supported"
OPENID: Final = (("scope", "openid"),)
HASHES: Final = ("#first", "#second")
LONG: Final = 500
TOO_LONG: Final = 2_000
HUGE_CHUNK: Final = b"e" * 1_048_576
HUGE_TIMES: Final = 64
"""64 MiB: more than buffers on the way could take from us unread."""
HELD_BACK_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Referrer:
    """A throw-away client whose Request Objects stand at our addresses, and its key."""

    wire: Wire
    provider: Provider
    key: Mapping[str, Any]

    def plain(self, **bent: str) -> Pairs:
        """Return the parameters of an ordinary request, some replaced."""
        return ordinary(self.provider, extra=(*OPENID, *bent.items()))

    def served(self, pairs: Pairs, *, key: Mapping[str, Any] | None = None, **bent: Any) -> Reply:
        """Return the answer that carries a Request Object of parameters, some bent."""
        token = signed_by(self.provider, self.key if key is None else key, pairs, **bent)
        return Reply(200, token.encode("ascii"), JWT)

    async def ask(self, step: str, uri: str, pairs: Pairs) -> None:
        """Send a request that refers to a URI, and take any ending."""
        self.wire.provider = self.provider
        await tried(self.wire, step, (*pairs, ("request_uri", uri)))

    async def control(self, place: Place, step: str) -> None:
        """Prove that a good reference is served."""
        pairs = self.plain()
        place.reply = self.served(pairs)
        extra = (*pairs, ("request_uri", place.url))
        await self.wire.run(authorize(self.provider, pkce=None, extra=extra), step)


async def _referrer(
    throwaway: ThrowawayClients,
    places: Mapping[str, Place],
    *others: Mapping[str, Any],
    **members: Any,
) -> Referrer:
    """Register a client for our addresses, with a key that it uses and maybe others."""
    wire, key = throwaway.wire, generate_key("EC")
    metadata = metadata_for(
        wire.provider,
        request_uris=[place.url for place in places.values()],
        jwks={"keys": [{**public_key(one), "use": "sig"} for one in (key, *others)]},
        **members,
    )
    registration = await throwaway.register("register", metadata)
    client = registration.client("by-reference", metadata)
    return Referrer(wire, wire.provider.with_client(client), key)


def _places(wire: Wire, *steps: str) -> dict[str, Place]:
    """Open an address for each step, its calls recorded as `call-STEP`."""
    if wire.provider.metadata.get(SUPPORTED, True) is not True:
        raise Unsuited(f"{SUPPORTED} is not true in the metadata")
    return {step: wire.listen(f"call-{step}", suffix=".jwt") for step in steps}


@probe(needs=NEEDS, logs_in=True)
async def request_objects_referenced(wire: Wire) -> None:
    """Refer to Request Objects: `values` with others outside; at a changed one, `hash-1`, `hash-2`.

    `long` and `too-long` have request_uris of 500 and of 2000 characters; `rs256` has an object
    with that signature.
    """
    async with throwaway_clients(wire) as throwaway:
        places = _places(wire, "control", "values", "hash", "rs256")
        base = len(places["control"].url)
        for step, length in (("long", LONG), ("too-long", TOO_LONG)):
            places[step] = wire.listen(f"call-{step}", suffix="?x=" + "x" * (length - base))
        rsa = spare_key("registered", "RSA")
        me = await _referrer(throwaway, places, rsa)
        await me.control(places["control"], "control")
        outside = me.plain(state=OUTER, nonce=OUTER)
        places["values"].reply = me.served(outside, state=BEHIND_URI, nonce=BEHIND_URI)
        await me.ask("values", places["values"].url, outside)
        for number, mark in enumerate(HASHES, start=1):
            pairs = me.plain(state=OUTER)
            places["hash"].reply = me.served(pairs, state=f"{BEHIND_URI}-{number}")
            await me.ask(f"hash-{number}", places["hash"].url + mark, pairs)
        pairs = me.plain()
        places["rs256"].reply = me.served(pairs, key=rsa)
        await me.ask("rs256", places["rs256"].url, pairs)
        for step in ("long", "too-long"):
            pairs = me.plain()
            places[step].reply = me.served(pairs)
            await me.ask(step, places[step].url, pairs)


@probe(needs=NEEDS, logs_in=True)
async def request_uris_faulty(wire: Wire) -> None:
    """Refer to Request Objects with one fault each, between two good ones.

    `unregistered` is an address that was not registered, `wrong-alg` has an object with another
    algorithm than registered.
    """
    faults = ("response-type", "client-id", "page", "missing", "not-a-jwt", "wrong-alg")
    async with throwaway_clients(wire) as throwaway:
        places = _places(wire, "control", *faults)
        other = spare_key("registered", "RSA")
        me = await _referrer(throwaway, places, other, request_object_signing_alg="ES256")
        await me.control(places["control"], "control")
        pairs = me.plain()
        replies = {
            "response-type": me.served(pairs, response_type="code id_token"),
            "client-id": me.served(pairs, client_id="idprobe-somebody-else"),
            "page": Reply(200, b"<!doctype html><title>A page</title><p>Hello", "text/html"),
            "missing": Reply(404, b"nothing here", "text/plain"),
            "not-a-jwt": Reply(200, b"not.a.jwt", JWT),
            "wrong-alg": me.served(pairs, key=other),
        }
        for step, reply in replies.items():
            places[step].reply = reply
            await me.ask(step, places[step].url, pairs)
        stranger = wire.listen("call-unregistered", me.served(pairs), ".jwt")
        await me.ask("unregistered", stranger.url, pairs)
        await me.control(places["control"], "control-again")


@probe(needs=NEEDS, logs_in=True)
async def request_uris_bounded(wire: Wire) -> None:
    """Refer to an address that leads on, `redirect` to `call-elsewhere`, and to a `huge` answer.

    Where our addresses are plain http, an object of alg none is there as well: `unsigned`.
    """
    async with throwaway_clients(wire) as throwaway:
        places = _places(wire, "control", "redirect", "huge", "unsigned")
        me = await _referrer(throwaway, places)
        await me.control(places["control"], "control")
        pairs = me.plain()
        elsewhere = wire.listen("call-elsewhere", me.served(pairs), ".jwt")
        places["redirect"].reply = Reply(302, headers=(("Location", elsewhere.url),))
        places["huge"].reply = Reply(200, HUGE_CHUNK, JWT, times=HUGE_TIMES)
        places["unsigned"].reply = me.served(pairs, key={})
        is_plain = places["unsigned"].url.startswith("http:")
        for step in ("redirect", "huge", *(("unsigned",) if is_plain else ())):
            await me.ask(step, places[step].url, pairs)
        await me.control(places["control"], "control-again")


@probe(needs=NEEDS, logs_in=True, depth=Depth.FULL)
async def request_uri_held_back(wire: Wire) -> None:
    """Refer to an address that answers after half a minute: `slow`, which may have no response."""
    async with throwaway_clients(wire) as throwaway:
        places = _places(wire, "control", "slow")
        me = await _referrer(throwaway, places)
        await me.control(places["control"], "control")
        pairs = me.plain()
        places["slow"].reply = Reply(200, b"late", JWT, delay_s=HELD_BACK_S)
        with suppress(NoResponse):
            await me.ask("slow", places["slow"].url, pairs)
        await me.control(places["control"], "control-again")
