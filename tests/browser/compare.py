"""Audit the embedded server twice, its users logged in by forms and by a browser; compare verdicts.

    PYTHONPATH=tests python tests/browser/compare.py [TARGET]

Prints what differs, and exits with 1 if anything did.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from same_verdicts import Verdicts, differences, served

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import Capability, Profile
from idprobe.model.verdict import Judgement, NotApplicable, Satisfied, name_of
from idprobe.probes import all_probes
from idprobe.report.record import fingerprint

DRIVERS = ("form", "browser")
SIGHTED = {
    check.name
    for check in all_checks()
    if any(Capability.BROWSER in all_probes()[probe].needs for probe in check.probes)
}
"""The checks that need a browser, and are not applicable without one."""


def main(targets: Sequence[str]) -> int:
    """Compare the drivers at each target; return the exit code."""
    differing = 0
    for target in targets or ["reference"]:
        found = []
        for driver in DRIVERS:
            with served(target) as profile:
                found.append(audited(replace(profile, login=replace(profile.login, driver=driver))))
        different = {key: seen for key, seen in differences(found).items() if key[0] not in SIGHTED}
        for (check, requirement, _), seen in different.items():
            print(f"  {requirement} by {check}: {dict(seen)}")
        compared = sum(key[0] not in SIGHTED for key in found[0])
        beside = len(found[0]) - compared
        print(f"{target}: {compared} verdicts compared, {len(different)} differ")
        print(f"{target}: {beside} verdicts besides need a browser")
        differing += len(different)
    return 1 if differing else 0


def audited(profile: Profile) -> Verdicts:
    """Audit once and return the verdicts; print how long it took and who sent what."""
    checks = all_checks()
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(profile, Options(Path(folder), keeps_evidence=False))
        begun = time.perf_counter()
        judgements = judged(audit, checks)
        seconds = time.perf_counter() - begun
    sent = list(exchanges(audit))
    logins = sum(one.request.method == "POST" and one.request.path == "/login" for one in sent)
    senders = Counter(one.sender for one in sent)
    print(
        f"{profile.login.driver}: {seconds:.1f} s, {len(judgements)} verdicts, {logins} logins, "
        f"{senders[Sender.HTTPX]} exchanges of ours, {senders[Sender.BROWSER]} of the browser"
    )
    if (profile.login.driver == "browser") != bool(senders[Sender.BROWSER]):
        raise SystemExit("the browser did not do what it was to do")
    for why, count in Counter(str(j.verdict) for j in judgements if is_open(j)).items():
        print(f"  {count} x {why}")
    return {(j.check, j.requirement.id, fingerprint(j)): name_of(j.verdict) for j in judgements}


def is_open(judgement: Judgement) -> bool:
    """Return whether a judgement is one that the embedded server must not get."""
    return not isinstance(judgement.verdict, Satisfied | NotApplicable)


def exchanges(audit: Audit) -> Iterator[Exchange]:
    """Return all exchanges of an audit."""
    names = dict.fromkeys(probe for check in all_checks() for probe in check.probes)
    for trace in audit.traces([*names]).values():
        yield from trace


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
