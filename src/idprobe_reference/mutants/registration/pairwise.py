"""Mutants of pairwise subjects (OpenID Connect Core section 8.1)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from idprobe_reference.core import fresh_secret
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, UserConfig


@mutant(breaks="OIDCC-8.1/pairwise-sub-per-sector")
class EachClientIsASector(ReferenceServer):
    """Each pairwise client has a sub of its own, whatever its host."""

    def sector_of(self, client: ClientConfig) -> str:
        return client.client_id


@mutant(breaks="OIDCC-8.1/pairwise-distinct-sectors")
class AllClientsAreOneSector(ReferenceServer):
    """All pairwise clients have the same sub."""

    def sector_of(self, client: ClientConfig) -> str:
        del client
        return ""


@mutant(
    breaks="OIDCC-8.1/pairwise-deterministic",
    also={"OIDCC-8.1/pairwise-sub-per-sector": "no two logins have one sub"},
)
class EachLoginIsANewPerson(ReferenceServer):
    """A pairwise client has another sub for each login."""

    def subject_for(self, client: ClientConfig, user: UserConfig) -> str:
        return user.sub if client.subject_type == "public" else fresh_secret()


@mutant(
    breaks="OIDCR-2/subject-type-honoured",
    also={"OIDCC-8.1/pairwise-distinct-sectors": "no sub is pairwise"},
)
class PairwiseIsPublic(ReferenceServer):
    """A client that registered pairwise subjects has the public ones."""

    def subject_for(self, client: ClientConfig, user: UserConfig) -> str:
        del client
        return user.sub


@mutant(breaks="OIDCC-8.1/multiple-hosts-need-sector-identifier")
class PairwiseClientsAreAnywhere(ReferenceServer):
    """A pairwise client may have redirect URIs of several hosts."""

    def sector_is_needed(self, hosts: set[str | None]) -> bool:
        del hosts
        return False
