"""OpenID Connect Core 1.0, section 8.1: sectors that sector_identifier_uri names."""

from idprobe.checks import (
    Trace,
    id_token,
    requirement,
)


def _sub(trace: Trace, step: str) -> object:
    return id_token(trace, step).claim("sub")


@requirement("OIDCC-8.1/sector-identifier-uri-used")
def test_sector_joins_two_hosts(sectors_shared: Trace) -> None:
    """Clients of two hosts in one sector know a person by one sub."""
    one, other = _sub(sectors_shared, "one"), _sub(sectors_shared, "other")
    assert one == other, "the subs of one sector differ"


@requirement("OIDCC-8.1/sector-is-host-of-uri")
def test_sector_is_the_host(sectors_shared: Trace) -> None:
    """Two sector documents of one host are one sector."""
    one, host = _sub(sectors_shared, "one"), _sub(sectors_shared, "host")
    assert one == host, "the subs of one sector host differ"
