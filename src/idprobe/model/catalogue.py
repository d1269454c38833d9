"""The catalogue of requirements: what a server must do, who says so, and when it applies."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idprobe.content import content
from idprobe.errors import CatalogueError
from idprobe.formats.schemas import first_schema_flaw, nearest
from idprobe.model.profile import Profile, Situation, check_term, is_loopback, unmet_because

__all__ = [
    "Catalogue",
    "Family",
    "Level",
    "Requirement",
    "Situation",
    "load_catalogue",
    "not_applicable_because",
    "selected",
]

GATING_BASES: Final = frozenset({"keyword", "definition"})
ALWAYS: Final = "always"


class Level(StrEnum):
    """How binding a requirement is (RFC 2119)."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"


class Family(StrEnum):
    """The standard that a requirement belongs to: what selects it."""

    OAUTH20 = "oauth2.0"
    OAUTH21 = "oauth2.1"
    BCP = "bcp"
    OIDC = "oidc"
    PAR = "par"
    JAR = "jar"
    JARM = "jarm"
    DPOP = "dpop"
    MTLS = "mtls"
    DEVICE = "device"
    TOKEN_EXCHANGE = "token_exchange"  # noqa: S105  # the name of a grant
    RESOURCE_METADATA = "resource_metadata"
    CIBA = "ciba"
    FAPI2 = "fapi2"
    LOAD = "load"
    """What a load run shows; selected where one is shown."""
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a server must, should or may do; text that the catalogue lacks is ""."""

    id: str
    spec: str
    title: str
    section: str
    link: str
    level: Level
    basis: str
    gates: bool
    family: Family
    area: str
    summary: str
    when: tuple[str, ...] = ()
    testable: str = "black-box"
    needs: tuple[str, ...] = ()
    probe: str = ""
    severity: str = "medium"
    secure_channel: bool = False
    same_as: str | None = None
    superseded_by: str | None = None
    note: str = ""
    protects: str = ""
    fix: str = ""
    document: str = ""
    """The name of its file, without .toml."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements by id, in the order of their files."""

    requirements: Mapping[str, Requirement] = field(repr=False)
    _same: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[str, set[str]] = {}
        for one in self:
            groups.setdefault(one.same_as or one.id, set()).add(one.id)
        same = {name: frozenset(group) for group in groups.values() for name in group}
        object.__setattr__(self, "_same", MappingProxyType(same))

    def __getitem__(self, identifier: str) -> Requirement:
        """Return a requirement; CatalogueError with the nearest id if there is none."""
        found = self.requirements.get(identifier)
        if found is not None:
            return found
        meant = nearest(identifier, self.requirements)
        hint = f", did you mean {meant}?" if meant else ""
        raise CatalogueError(f"the catalogue has no requirement {identifier!r}{hint}")

    def __contains__(self, identifier: object) -> bool:
        return identifier in self.requirements

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements.values())

    def __len__(self) -> int:
        return len(self.requirements)

    def canonical(self, identifier: str) -> str:
        """Return the id that stands for all that are the same rule (`same_as`)."""
        return self[identifier].same_as or identifier

    def alike(self, identifier: str) -> frozenset[str]:
        """Return the ids of all requirements that are the same rule, the given one included."""
        return self._same[self[identifier].id]


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Return the catalogue in a folder of TOML files, by default the one that idprobe carries.

    Raises CatalogueError for a file that makes no sense. The files that idprobe carries are held
    to their schema by our tests, not again by every run.
    """
    if folder is None:
        return _load(content("fixtures", "requirements"), checked=True)
    return _load(folder, checked=False)


@cache
def _load(folder: Path, *, checked: bool) -> Catalogue:
    found: dict[str, Requirement] = {}
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise CatalogueError(f"{folder}: there are no requirements, *.toml")
    for path in paths:
        for requirement in _read(path, checked=checked):
            if requirement.id in found:
                raise CatalogueError(f"{path}: {requirement.id} is in the catalogue twice")
            found[requirement.id] = requirement
    _check_same_as(found)
    return Catalogue(
        MappingProxyType({name: _explained(one, found) for name, one in found.items()})
    )


def _explained(one: Requirement, all_of_them: Mapping[str, Requirement]) -> Requirement:
    """Return a requirement that says what it protects: itself, what is the same, or its area."""
    same = all_of_them.get(one.same_as or "", one)
    return replace(
        one,
        protects=one.protects or same.protects or _areas().get(one.area, ""),
        fix=one.fix or same.fix,
    )


@cache
def _areas() -> Mapping[str, str]:
    """Return what the requirements of each area protect."""
    found: Mapping[str, str] = tomllib.loads(
        content("fixtures", "areas.toml").read_text(encoding="utf-8")
    )["protects"]
    return found


def _read(path: Path, *, checked: bool) -> Iterator[Requirement]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: is not TOML: {error}") from None
    if not checked and (flaw := first_schema_flaw(document, "requirements")):
        raise CatalogueError(f"{path}: {flaw}")
    for entry in document["requirement"]:
        try:
            yield _requirement(entry, document, path.stem)
        except CatalogueError as error:
            raise CatalogueError(f"{path}: {entry['id']}: {error}") from None


def _requirement(entry: Mapping[str, Any], head: Mapping[str, Any], name: str) -> Requirement:
    basis = entry["basis"]
    return Requirement(
        id=entry["id"],
        spec=head["spec"],
        title=head["title"],
        section=entry.get("section", ""),
        link=_link(entry, head),
        level=Level(entry["level"]),
        basis=basis,
        gates=head.get("gates", True) and entry.get("gates", basis in GATING_BASES),
        family=Family(head["family"]),
        area=entry["area"],
        summary=entry["summary"],
        when=_terms(head.get("requires", ALWAYS), entry["when"]),
        testable=entry["testable"],
        needs=tuple(entry.get("needs", ())),
        probe=entry["probe"],
        severity=entry["severity"],
        secure_channel=entry.get("secure_channel", False),
        same_as=entry.get("same_as"),
        superseded_by=entry.get("superseded_by"),
        note=entry.get("note", ""),
        protects=entry.get("protects", ""),
        fix=entry.get("fix", ""),
        document=name,
    )


def _link(entry: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    """Return the address of the text that an entry stands on; "" for the contract."""
    url, section = entry.get("url", head.get("url", "")), entry.get("section", "")
    if not url:
        return ""
    anchor = entry.get("anchor") or ("section-" if section[:1].isdigit() else "appendix-") + section
    return f"{url}#{anchor}"


def _terms(*conditions: str) -> tuple[str, ...]:
    """Return the terms of conditions joined by " & ", each once; none for "always"."""
    terms = [term for one in conditions if one != ALWAYS for term in one.split(" & ")]
    for term in terms:
        check_term(term)
    return tuple(dict.fromkeys(terms))


def _check_same_as(found: Mapping[str, Requirement]) -> None:
    for requirement in found.values():
        chief = requirement.same_as
        if chief is not None and (chief not in found or found[chief].same_as is not None):
            raise CatalogueError(
                f"{requirement.id}: same_as {chief} is not in the catalogue or has same_as itself"
            )


def selected(
    catalogue: Catalogue, standards: Iterable[str], profile: Profile | None = None
) -> tuple[Requirement, ...]:
    """Return the requirements that judge: those of the families named, and those of the contract.

    Contract items are there if the profile has a [contract]; whether one applies, its keys say.
    (Plans such as oidc:basic are not of the catalogue: see idprobe.judge.plans.)
    """
    families = {_family(standard) for standard in standards}
    if profile is not None and profile.contract:
        families.add(Family.CONTRACT)
    return tuple(requirement for requirement in catalogue if requirement.family in families)


def _family(standard: str) -> Family:
    try:
        return Family(standard)
    except ValueError:
        meant = nearest(standard, [family.value for family in Family])
        hint = f"did you mean {meant}?" if meant else f"known are {', '.join(Family)}"
        raise CatalogueError(f"{standard} is no standard we know, {hint}") from None


def not_applicable_because(requirement: Requirement, situation: Situation) -> str | None:
    """Return why a requirement does not apply; None if it does, or if only trying can show."""
    if requirement.secure_channel and (reason := _insecure_channel(situation)):
        return reason
    reasons = (unmet_because(term, situation) for term in requirement.when)
    return next((reason for reason in reasons if reason is not None), None)


def _insecure_channel(situation: Situation) -> str | None:
    profile = situation.profile
    if profile.target.tls == "terminated-elsewhere":
        return "TLS ends elsewhere, by [target] of the profile, so its rules are not judged here"
    if profile.issuer.startswith("http:") and is_loopback(profile.issuer):
        return "the server is on loopback by http, where the rules about TLS do not apply"
    return None
