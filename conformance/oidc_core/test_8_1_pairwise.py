"""OpenID Connect Core 1.0, section 8.1: a name of a person for each sector."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    id_token,
    is_registered,
    registered_value,
    requirement,
)

KIND = "subject_type"


def sub_of(trace: Trace, step: str) -> object:
    """Return the sub of an ID Token; raises Unsuited if the client is not pairwise after all."""
    if "again" not in step and registered_value(trace, step, KIND, "pairwise") != "pairwise":
        raise Unsuited("the server does not register pairwise clients")
    return id_token(trace, f"token/{step}").claim("sub")


@requirement("OIDCC-8.1/pairwise-deterministic")
def test_client_knows_a_person_again(pairwise_subjects: Trace) -> None:
    """The next login at a client has the same sub."""
    subs = sub_of(pairwise_subjects, "host0"), sub_of(pairwise_subjects, "again")
    assert subs[0] == subs[1], "the next login has another sub"


@requirement("OIDCC-8.1/pairwise-sub-per-sector")
def test_clients_of_a_sector_know_the_same(pairwise_subjects: Trace) -> None:
    """Another client of the same host has the same sub."""
    subs = sub_of(pairwise_subjects, "host0"), sub_of(pairwise_subjects, "sibling")
    assert subs[0] == subs[1], "two clients of one host have two subs"


@requirement("OIDCC-8.1/pairwise-distinct-sectors")
def test_clients_of_other_sectors_know_another(pairwise_subjects: Trace) -> None:
    """Clients of other hosts have other subs, each its own."""
    steps = [e.step for e in pairwise_subjects if e.step.startswith("token/host")]
    subs = [sub_of(pairwise_subjects, step.removeprefix("token/")) for step in steps]
    if len(subs) < 2:
        raise EvidenceError("there were no logins at two hosts")
    assert len(set(subs)) == len(subs), "clients of two hosts have the same sub"


@requirement("OIDCR-2/subject-type-honoured")
def test_subject_type_is_honoured(pairwise_subjects: Trace) -> None:
    """A pairwise client has another sub than a public one of the same host."""
    kind = client_information(pairwise_subjects["register/public"]).get(KIND, "public")
    if kind != "public":
        raise Unsuited("the server does not register public clients")
    public = id_token(pairwise_subjects, "token/public").claim("sub")
    assert sub_of(pairwise_subjects, "host0") != public, "pairwise was registered, sub is public"


@requirement("OIDCC-8.1/multiple-hosts-need-sector-identifier")
def test_pairwise_client_is_of_one_host(pairwise_hosts_mixed: Trace) -> None:
    """Redirect URIs of two hosts are not registered for a pairwise client as they are."""
    exchange = pairwise_hosts_mixed["mixed"]
    if is_registered(exchange):
        members = client_information(exchange)
        both = len(members.get("redirect_uris", ())) > 1
        assert not (both and members.get(KIND, "pairwise") == "pairwise"), "it was registered"
