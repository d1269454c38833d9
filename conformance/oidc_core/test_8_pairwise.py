"""OpenID Connect Core 1.0, section 8.1: pairwise subjects, and the sectors that they are for."""

from idprobe.checks import Trace, requirement
from idprobe.reading.issued import id_token
from idprobe.reading.registered import accepted


def _sub(trace: Trace, step: str) -> object:
    return id_token(trace, step).claim("sub")


@requirement("OIDCC-8.1/pairwise-sub-per-sector")
def test_one_sector_has_one_sub(pairwise_clients: Trace) -> None:
    """Two clients with redirect URIs of one host know a person by one sub."""
    one, same = _sub(pairwise_clients, "one"), _sub(pairwise_clients, "same-host")
    assert one == same, "the subs of one sector differ"


@requirement("OIDCC-8.1/pairwise-distinct-sectors")
def test_sectors_have_each_their_sub(pairwise_clients: Trace) -> None:
    """Clients of three hosts know a person by three subs."""
    found = {_sub(pairwise_clients, step) for step in ("one", "other-host", "third-host")}
    assert len(found) == 3, f"three sectors have {len(found)} subs"


@requirement("OIDCC-8.1/pairwise-deterministic")
def test_sub_stays_the_same(pairwise_clients: Trace) -> None:
    """A later registration of the same sector, and a new browser, see the same sub."""
    one, again = _sub(pairwise_clients, "one"), _sub(pairwise_clients, "again")
    assert one == again, "the sub changed"


@requirement("OIDCR-2/subject-type-honoured")
def test_subject_type_governs_the_sub(pairwise_clients: Trace) -> None:
    """A pairwise client knows a person by another sub than a public client."""
    pairwise, public = _sub(pairwise_clients, "one"), _sub(pairwise_clients, "public")
    assert pairwise != public, "the pairwise sub is the public one"


@requirement("OIDCC-8.1/multiple-hosts-need-sector-identifier")
def test_two_hosts_need_a_sector(pairwise_clients: Trace) -> None:
    """A pairwise client with redirect URIs on two hosts and no sector is refused."""
    assert not accepted(pairwise_clients["two-hosts"]), "it was registered"


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
