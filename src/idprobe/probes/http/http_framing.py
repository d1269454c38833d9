"""HTTP/1.1 written by hand: odd lines and lengths, each on a connection of its own.

Every request is a GET of the metadata document, whose usual answer is 200: so a refusal shows. Its
body, if any, ends in the same place whichever length a server believes.
"""

from collections.abc import Mapping
from typing import Final

from idprobe.client.raw import How
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, NoResponse
from idprobe.flows import metadata_request, well_known_urls
from idprobe.model.exchange import Headers, Request
from idprobe.model.profile import Capability, host_of
from idprobe.probes import Safety, probe

__all__ = [
    "answers_to_head",
    "control_characters",
    "dates",
    "host_lines",
    "lengths_of_bodies",
    "space_before_colon",
    "two_lengths",
    "unknown_transfer_coding",
]

CLOSING: Final = How(closing_s=2.0)
NO_CHUNKS: Final = b"0\r\n\r\n"
BAD_LENGTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "negative": ("-1",),
    "signed": ("+0",),
    "mixed": ("0x",),
    "two_values": ("0", "5"),
}


async def document_url(wire: Wire) -> str:
    """Return the first URL that serves metadata; raises EvidenceError if none does."""
    for url in well_known_urls(wire.provider.profile):
        if (await wire.send(metadata_request(url), "document")).is_success:
            return url
    raise EvidenceError("the server has no metadata document")


def written(wire: Wire, request: Request, *lines: tuple[str, str], host: bool = True) -> Request:
    """Return a request with every header line that it needs, and those of ours at the end."""
    names: Headers = (("Host", host_of(request.origin)),) if host else ()
    profile = wire.provider.profile
    ours = profile.network.headers if profile.trusts(request.origin) else ()
    usual = (("User-Agent", "idprobe/0.1"), *ours)
    return Request(
        request.method,
        request.origin,
        request.target,
        (*names, *usual, *request.headers, *lines),
        request.body,
    )


async def answered(wire: Wire, request: Request, step: str, how: How | None = None) -> None:
    """Send what has to be answered: the control of an experiment; raises NoResponse."""
    exchange = await wire.send_raw(request, step, how)
    if exchange.response is None:
        raise NoResponse(exchange, exchange.failure or "no response")


async def _odd_lines(wire: Wire, faults: Mapping[str, Headers], body: bytes = b"") -> None:
    """Send the usual request, then one with each fault, then the usual one: `again`."""
    plain = Request.get(await document_url(wire))
    usual = written(wire, plain, ("Connection", "close"))
    await answered(wire, usual, "usual")
    for step, lines in faults.items():
        odd = Request(plain.method, plain.origin, plain.target, (), body)
        await wire.send_raw(written(wire, odd, *lines), step, CLOSING)
    await answered(wire, usual, "again")


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def host_lines(wire: Wire) -> None:
    """Ask without Host, with two, with one that is no host; steps `without`, `twice`, `bad`."""
    plain = Request.get(await document_url(wire))
    host = ("Host", host_of(plain.origin))
    usual = written(wire, plain, ("Connection", "close"))
    await answered(wire, usual, "usual")
    faults: Mapping[str, Headers] = {
        "without": (),
        "twice": (host, host),
        "bad": (("Host", "a b"),),
    }
    for step, lines in faults.items():
        await wire.send_raw(written(wire, plain, *lines, host=False), step, CLOSING)
    await answered(wire, usual, "again")


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def space_before_colon(wire: Wire) -> None:
    """Ask with white space between a field name and its colon; steps `length`, `unknown`."""
    faults = {"length": (("Content-Length ", "0"),), "unknown": (("X-Idprobe ", "1"),)}
    await _odd_lines(wire, faults)


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def two_lengths(wire: Wire) -> None:
    """Ask with both Content-Length and Transfer-Encoding; step `both`."""
    lines = (("Content-Length", str(len(NO_CHUNKS))), ("Transfer-Encoding", "chunked"))
    await _odd_lines(wire, {"both": lines}, NO_CHUNKS)


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def unknown_transfer_coding(wire: Wire) -> None:
    """Ask with a transfer coding that nobody knows; step `coding`."""
    await _odd_lines(wire, {"coding": (("Transfer-Encoding", "idprobe"),)})


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def lengths_of_bodies(wire: Wire) -> None:
    """Ask with a Content-Length that is none; a step for each of BAD_LENGTHS."""
    faults = {
        step: tuple(("Content-Length", value) for value in values)
        for step, values in BAD_LENGTHS.items()
    }
    await _odd_lines(wire, faults)


@probe(needs={Capability.METADATA}, safety=Safety.INTRUSIVE)
async def control_characters(wire: Wire) -> None:
    """Ask with CR and with NUL in a field value; steps `cr`, `nul`."""
    faults = {"cr": (("X-Idprobe", "a\rb"),), "nul": (("X-Idprobe", "a\x00b"),)}
    await _odd_lines(wire, faults)


@probe(needs={Capability.METADATA, Capability.JWKS}, safety=Safety.PASSIVE)
async def answers_to_head(wire: Wire) -> None:
    """Ask for metadata and keys by GET and HEAD, and read on until the connection is closed.

    Steps: `metadata/get`, `metadata/head`, `keys/get`, `keys/head`.
    """
    urls = {
        "metadata": await document_url(wire),
        "keys": wire.provider.endpoint("jwks_uri"),
    }
    for name, url in urls.items():
        for method in ("GET", "HEAD"):
            plain = Request.get(url)
            asked = Request(method, plain.origin, plain.target)
            request = written(wire, asked, ("Connection", "close"))
            await answered(wire, request, f"{name}/{method.lower()}", CLOSING)


@probe(needs={Capability.METADATA}, safety=Safety.PASSIVE)
async def dates(wire: Wire) -> None:
    """Ask for the document and for one that is not there; steps `found`, `missing`."""
    url = await document_url(wire)
    closing = ("Connection", "close")
    await answered(wire, written(wire, Request.get(url), closing), "found")
    before, _, after = url.partition("/.well-known/")
    nowhere = Request.get(f"{before}/.well-known/idprobe-no-such-document/{after}")
    await answered(wire, written(wire, nowhere, closing), "missing")
