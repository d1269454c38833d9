"""Ordinary HTTP at its edges: HEAD, methods that nobody knows, more bytes than a server takes."""

import json
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    authorize,
    keys_request,
    metadata_request,
    success,
    token_request,
    well_known_urls,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.token_requests import honest_form, honest_tokens

__all__ = [
    "heads_of_documents",
    "large_header",
    "long_target",
    "other_media_types",
    "unknown_method",
]

LARGE: Final = 20_480
"""More than many servers take, and little enough to arrive whole before they refuse and close."""


BOUNDARY: Final = "idprobe-boundary"


@probe(needs={Capability.METADATA, Capability.JWKS}, safety=Safety.PASSIVE)
async def heads_of_documents(wire: Wire) -> None:
    """Read the metadata and the keys by GET and by HEAD.

    Steps: `metadata/get`, `metadata/head`, `keys/get`, `keys/head`.
    """
    for url in well_known_urls(wire.provider.profile):
        answer = await wire.send(metadata_request(url), "metadata/get")
        if answer.is_success:
            await wire.send(replace(metadata_request(url), method="HEAD"), "metadata/head")
            break
    else:
        raise Unsuited("no metadata document is served by GET")
    await wire.run(success(keys_request(wire.provider)), "keys/get")
    await wire.send(replace(keys_request(wire.provider), method="HEAD"), "keys/head")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def unknown_method(wire: Wire) -> None:
    """Use a method that nobody knows at the token endpoint; step `unknown`."""
    await honest_tokens(wire, wire.provider)
    url = wire.provider.endpoint("token_endpoint")
    await wire.send(replace(Request.get(url), method="IDPROBE"), "unknown")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def large_header(wire: Wire) -> None:
    """Send an honest request with a header field of 20 KiB; step `large`."""
    form = await honest_form(wire, wire.provider)
    padding = ("X-Idprobe-Padding", "x" * LARGE)
    await wire.send(token_request(wire.provider, form).with_headers(padding), "large")
    await honest_tokens(wire, wire.provider)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def long_target(wire: Wire) -> None:
    """Ask at the authorization endpoint with a URI of 20 KiB; step `long`."""
    await wire.run(authorize(wire.provider))
    url = wire.provider.endpoint("authorization_endpoint")
    await wire.send(Request.get(url, (("idprobe_padding", "x" * LARGE),)), "long")
    await wire.run(authorize(wire.provider), "afterwards")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def other_media_types(wire: Wire) -> None:
    """Send an honest request as JSON, as text, and without a media type.

    Steps: `json`, `text`, `none`, `multipart`, `xml`, `utf-16`; the honest one works afterwards.
    """
    form = await honest_form(wire, wire.provider)
    request = token_request(wire.provider, form)
    rest = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
    body = json.dumps(dict(request.form)).encode("ascii")
    as_json = (("Content-Type", "application/json"), *rest)
    await wire.send(replace(request, headers=as_json, body=body), "json")
    as_text = (("Content-Type", "text/plain"), *rest)
    await wire.send(replace(request, headers=as_text), "text")
    await wire.send(replace(request, headers=rest), "none")
    bare = {} if request.parameter("client_secret") else _other_forms(request)
    for step, (media_type, octets) in bare.items():
        typed = (("Content-Type", media_type), *rest)
        await wire.send(replace(request, headers=typed, body=octets), step)
    await honest_tokens(wire, wire.provider)


def _other_forms(request: Request) -> dict[str, tuple[str, bytes]]:
    """Return the parameters of a request in other forms: media type and octets, by name."""
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in request.form
    )
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in request.form)
    form = "application/x-www-form-urlencoded; charset=utf-16"
    return {
        "multipart": (
            f"multipart/form-data; boundary={BOUNDARY}",
            f"{parts}--{BOUNDARY}--\r\n".encode(),
        ),
        "xml": ("application/xml", f"<request>{elements}</request>".encode()),
        "utf-16": (form, request.body.decode("ascii").encode("utf-16")),
    }
