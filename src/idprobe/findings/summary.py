"""What surrounds the judgements of a run: exit codes, notes, and what was not judged at all."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from idprobe.findings.run import NotTested
from idprobe.judge.untested import TESTABLE, load_untested
from idprobe.judge.weigh import Stale, is_expired
from idprobe.model.catalogue import Catalogue, Requirement
from idprobe.model.profile import Deviation, Profile, redacted_profile
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Violated,
    name_of,
    worst,
)

__all__ = [
    "digest_of",
    "endpoints_of",
    "exit_codes",
    "not_tested",
    "notes_of",
    "profile_place",
    "quarantine_notes",
    "stale_notes",
]

_LINE: Final = re.compile(
    r"""^\s*(?:(?P<key>issuer|metadata_url|embedded)|requirement)\s*=\s*["'](?P<value>[^"']*)"""
)


def exit_codes(  # noqa: PLR0913 -- each says why a code applies
    judgements: Collection[Judgement],
    catalogue: Catalogue,
    *,
    allow_inconclusive: int,
    unusable: bool,
    failed: bool,
    broken: bool = False,
) -> tuple[int, ...]:
    """Return every exit code that applies, the deciding one first (2, 4, 3, 1, 5, 0).

    `unusable`: the target gave no answer, or clients were left behind; `failed`: the gate fails
    for more than a violation (a coverage regression, a deviation that is gone); `broken`: idprobe
    could not do its part, such as write the evidence down.
    """
    codes = []
    verdicts = [judgement.verdict for judgement in judgements]
    if broken or any(isinstance(verdict, HarnessFault) for verdict in verdicts):
        codes.append(4)
    inconclusive = {
        catalogue.canonical(judgement.requirement.id)
        for judgement in judgements
        if judgement.counts and isinstance(judgement.verdict, Inconclusive)
    }
    if unusable or len(inconclusive) > allow_inconclusive:
        codes.append(3)
    if failed or any(j.counts and isinstance(j.verdict, Violated) for j in judgements):
        codes.append(1)
    if all(isinstance(verdict, NotApplicable) for verdict in verdicts):
        codes.append(5)
    return tuple(codes) or (0,)


def notes_of(profile: Profile, may_test: Iterable[str]) -> Iterator[str]:
    """Yield what every report has to say of how the server was reached."""
    if profile.target.authorized_by:
        yield f"test authorised by {profile.target.authorized_by}"
    for host in sorted(may_test):
        yield f"test of {host} allowed by --i-may-test"
    if profile.tls.insecure:
        yield "TLS certificates were not verified ([tls] insecure = true)"
    if profile.issuer.startswith("http://"):
        yield "reached over plain http: rules about the secure channel were not judged"


def stale_notes(stale: Stale) -> Iterator[str]:
    """Yield what to do about deviations that say nothing true any more."""
    for one in stale.gone:
        yield (
            f"deviation {one.requirement} is gone: the requirement is satisfied now, remove it "
            f"(or let --update-deviations do so)"
        )
    for one in stale.expired:
        yield f"deviation {one.requirement} expired on {one.until} and counts again"


def quarantine_notes(
    quarantine: Iterable[Deviation],
    judgements: Iterable[Judgement],
    catalogue: Catalogue,
    today: date,
) -> Iterator[str]:
    """Yield what is in quarantine and how it came out this time, and what is so no longer."""
    found = tuple(judgements)
    for one in quarantine:
        if is_expired(one, today):
            yield f"the quarantine of {one.requirement} ended on {one.until}: it counts again"
            continue
        alike = catalogue.alike(one.requirement)
        verdicts = [each.verdict for each in found if each.requirement.id in alike]
        came_out = name_of(worst(verdicts)).replace("_", " ") if verdicts else "not judged"
        yield (
            f"in quarantine until {one.until}, not counted: {one.requirement}, this time "
            f"{came_out} ({one.because})"
        )


def endpoints_of(profile: Profile, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the endpoints by name, the profile's before the metadata's."""
    announced = {
        name: url
        for name, url in metadata.items()
        if (name.endswith("_endpoint") or name == "jwks_uri") and isinstance(url, str)
    }
    return {**announced, **profile.endpoints}


def not_tested(
    catalogue: Catalogue, selected: Iterable[str], judged: Collection[str], keyword: str
) -> tuple[NotTested, ...]:
    """Return the selected requirements that were not judged, each with the reason."""
    canonical = {catalogue.canonical(one) for one in judged}
    missing = [catalogue[one] for one in selected if catalogue.canonical(one) not in canonical]
    if keyword:
        because = f"the checks of this run were narrowed to -k {keyword}"
        return tuple(NotTested(one, because) for one in missing)
    reasons = _reasons(catalogue)
    found = [NotTested(one, reasons.get(one.id) or _testability(one)) for one in missing]
    return tuple(sorted(found, key=lambda one: one.requirement.id))


def _testability(requirement: Requirement) -> str:
    if requirement.testable in TESTABLE:
        return "no check judges it yet"
    return "nothing outside the server shows whether it is kept"


def _reasons(catalogue: Catalogue) -> dict[str, str]:
    found: dict[str, str] = {}
    for stem, untested in load_untested().items():
        if untested.later:
            there = (one.id for one in catalogue if one.document == stem)
            found |= dict.fromkeys(there, untested.later)
        found |= untested.because
    return found


def profile_place(profile: Profile) -> tuple[str, dict[str, int]]:
    """Return where the profile is, as a report may say it, and the lines of what stands in it.

    Below the working folder the path is relative, elsewhere only the name is told; a profile that
    is no file has neither.
    """
    path = Path(profile.where)
    if not path.is_file():
        return "", {}
    lines: dict[str, int] = {}
    for number, line in enumerate(_text_of(path).splitlines(), start=1):
        match = _LINE.match(line)
        if match is not None:
            lines.setdefault(match["key"] or match["value"], number)
    relative = os.path.relpath(path)
    return (path.name if relative.startswith("..") else Path(relative).as_posix()), lines


def _text_of(path: Path) -> str:
    """Return what stands in a profile now; nothing where it can be read no longer."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""


def digest_of(profile: Profile) -> str:
    """Return the SHA-256 of a profile, secrets left out."""
    return hashlib.sha256(repr(redacted_profile(profile)).encode()).hexdigest()
