"""RFC 9700 section 4.13: what a proxy says of a request comes from the proxy alone."""

from collections.abc import Mapping
from typing import Any

from idprobe.checks import (
    Trace,
    object_in,
    page_response,
    requirement,
    url_parts,
)

FOREIGN = "idprobe.invalid"


@requirement("RFC9700-4.13/proxy-headers-sanitised")
def test_forwarding_headers_from_outside_move_no_endpoint(foreign_host: Trace) -> None:
    """X-Forwarded-Host and Forwarded of a client do not change what the metadata say."""
    for step in ("x-forwarded-host", "forwarded"):
        response = foreign_host[step].answered
        moved = response.is_success and FOREIGN in response.text
        assert not moved, f"the metadata name the host of {step}"


@requirement("RFC9700-4.13/proxy-headers-sanitised")
def test_forwarded_scheme_port_and_prefix_move_no_endpoint(foreign_host: Trace) -> None:
    """X-Forwarded-Proto, -Port and -Prefix of a client do not change what the metadata say."""
    usual = urls(foreign_host["usual"].answered.json_object)
    for step in ("x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix"):
        response = foreign_host[step].answered
        moved = response.is_success and urls(response.json_object) != usual
        assert not moved, f"the metadata follow {step}"


def urls(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the issuer and the endpoints of a document are."""
    places = {
        n: v for n, v in members.items() if n == "issuer" or n.endswith(("_uri", "_endpoint"))
    }
    aliases = object_in(members, "mtls_endpoint_aliases")
    return places | {f"mtls {n}": v for n, v in aliases.items() if n.endswith("_endpoint")}


@requirement("RFC9700-4.13/proxy-headers-sanitised")
def test_forwarding_headers_from_outside_move_no_login(foreign_host_authorization: Trace) -> None:
    """X-Forwarded-Host of a browser does not lead it elsewhere."""
    page_response(foreign_host_authorization["usual"])
    response = foreign_host_authorization["x-forwarded-host"].answered
    hosts = {url_parts(response.header("location") or "").hostname}
    moved = FOREIGN in hosts or f"//{FOREIGN}" in response.text
    assert not moved, "the login leads to the host of X-Forwarded-Host"
