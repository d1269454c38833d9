"""Audit servers by each plan of the OpenID Foundation alone, and print what that took.

    python tests/plan_figures.py reference speakup fixtures/providers/keycloak.toml

Exits with 1 if a plan found a violation that is not declared, or could not tell.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from same_verdicts import served

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.findings.run import Run, counts_of
from idprobe.judge.collect import all_checks, judged
from idprobe.judge.plans import PLANS, modules_of
from idprobe.model.profile import Profile

HEAD: Final = (
    *("server", "plan", "modules", "requirements", "judged", "violated", "declared", "unclear"),
    *("exchanges", "logins", "by hand", "seconds"),
)


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each plan at each server; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=["reference", "speakup"])
    parser.add_argument("--plan", action="append", choices=PLANS, default=[])
    chosen = parser.parse_args(arguments)
    print("\t".join(HEAD))
    sound = True
    for target in chosen.targets:
        with served(target) as profile:
            for plan in chosen.plan or PLANS:
                run = audited(profile, plan)
                print("\t".join(map(str, (Path(target).stem, plan, *figures(run, plan)))))
                sound &= not any(code for code in run.exit_codes)
    return 0 if sound else 1


def audited(profile: Profile, plan: str) -> Run:
    """Audit by one plan alone."""
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(profile, Options(Path(folder), standards=(plan,), keeps_evidence=False))
        judged(
            audit, [one for one in all_checks() if any(map(audit.scope.selects, one.requirements))]
        )
        return audit.conclude()


def figures(run: Run, plan: str) -> tuple[int | str, ...]:
    """Return the cells after the server and the plan; `judged` is satisfied or violated."""
    counts = counts_of(run.by_requirement())
    return (
        len(modules_of(plan)),
        counts.total,
        counts.satisfied + counts.violated,
        counts.violated,
        counts.declared,
        counts.inconclusive + counts.harness_fault,
        run.exchanges,
        run.logins,
        run.checks_by_hand,
        f"{run.duration_s:.1f}",
    )


if __name__ == "__main__":
    sys.exit(main())
