"""Stop audits of the embedded server at random moments, and see whether their evidence is judged.

    python -m tests.kills                        # 40 moments: SIGKILL and SIGTERM by turns
    python -m tests.kills --moments 4 --seed 7

An audit that was killed leaves evidence that `idprobe judge` judges, or one sentence where nothing
had begun; one that was terminated judges what it saw by itself, too, and ends with 130. Whatever
else comes of it is printed, and the exit code is 1.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

AUDIT: Final = (sys.executable, "-m", "idprobe", "audit", "speakup", "--format", "badge")
JUDGE: Final = (sys.executable, "-m", "idprobe", "judge", "--format", "badge")
SIGNALS: Final = (signal.SIGKILL, signal.SIGTERM)
JUDGED: Final = frozenset({0, 1, 3})
LONGEST_S: Final = 300.0
BESIDE: Final = 2
WHOLE: Final = "the run was over before"
NOTHING: Final = "nothing had begun, and that was said"
SOME: Final = "judged"


@dataclass(frozen=True)
class Moment:
    """When an audit is stopped, and by what."""

    number: int
    sent: signal.Signals
    after_s: float


def moments(count: int, seed: int, longest_s: float) -> Iterator[Moment]:
    """Yield moments from the start of an audit until a little after its usual end."""
    drawn = random.Random(seed)
    for number in range(count):
        yield Moment(number, SIGNALS[number % 2], drawn.uniform(0, longest_s))


def stopped(moment: Moment, folder: Path) -> str:
    """Stop an audit and judge what it left; return what came of it, or what is wrong."""
    out = folder / f"run-{moment.number}"
    process = subprocess.Popen(
        [*AUDIT, "--output", str(out)], cwd=folder, stdout=-1, stderr=-1, text=True
    )
    time.sleep(moment.after_s)
    process.send_signal(moment.sent)
    printed, said = process.communicate(timeout=LONGEST_S)
    if "Traceback" in printed + said:
        return f"a traceback: {said.strip().splitlines()[-1]}"
    wrong = _ended_badly(moment, process.returncode, out)
    if wrong is not None:
        return f"{wrong}: {said.strip()}"
    found = _judged(out, folder / f"judged-{moment.number}", folder)
    return WHOLE if found == SOME and process.returncode in JUDGED else found


def _ended_badly(moment: Moment, code: int, out: Path) -> str | None:
    """Return what is wrong with how an audit ended that was sent a signal."""
    if code in JUDGED or code == -moment.sent:  # it was over, or killed, or had not begun
        begun = moment.sent is signal.SIGTERM and code == -signal.SIGTERM and out.exists()
        return "killed by a signal that it should take for Ctrl-C" if begun else None
    if code != 130:
        return f"ended with {code}"
    begun = (out / "evidence" / "run.json").exists()
    if begun and not _interrupted(out / "results.json"):
        return "ended with 130 and no results that say so"
    return None


def _interrupted(record: Path) -> bool:
    return record.exists() and bool(json.loads(record.read_bytes())["interrupted"])


def _judged(out: Path, into: Path, folder: Path) -> str:
    """Judge what an audit left; return what came of it, or what is wrong."""
    evidence = out / "evidence"
    done = subprocess.run(
        [*JUDGE, str(evidence), "--output", str(into)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    if "Traceback" in done.stderr or (done.returncode == 2 and len(done.stderr.splitlines()) != 1):
        return f"no sentence: {done.stderr.strip()}"
    if not (evidence / "run.json").exists():
        return NOTHING if done.returncode == 2 else f"nothing was judged, exit {done.returncode}"
    if done.returncode not in JUDGED:
        return f"not judged, exit {done.returncode}: {done.stderr.strip()}"
    record: dict[str, Any] = json.loads((into / "results.json").read_bytes())
    sealed = (evidence / "manifest.json").exists()
    if (record["evidence"]["seal"] == "sealed") != sealed:
        return f"the seal is told wrongly: {record['evidence']}"
    return SOME if record["judgements"] else "no judgement"


def duration_s(folder: Path) -> float:
    """Return how long an audit takes that nobody stops."""
    begun = time.monotonic()
    subprocess.run([*AUDIT, "--output", "whole"], cwd=folder, capture_output=True, check=False)
    return time.monotonic() - begun


def main(arguments: Sequence[str] | None = None) -> int:
    """Stop audits; print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="idprobe-kills-") as name:
        folder = Path(name)
        longest_s = duration_s(folder) * 1.1
        chosen = list(moments(given.moments, given.seed, longest_s))
        with ThreadPoolExecutor(BESIDE) as pool:
            ends = list(pool.map(lambda one: stopped(one, folder), chosen))
    tally: Counter[tuple[str, str]] = Counter()
    bad = 0
    for moment, end in zip(chosen, ends, strict=True):
        is_good = end in {SOME, NOTHING, WHOLE}
        bad += not is_good
        tally[moment.sent.name, end if is_good else "WRONG"] += 1
        if not is_good:
            print(f"{moment.number}: {moment.sent.name} after {moment.after_s:.2f} s: {end}")
    for (sent, end), count in sorted(tally.items()):
        print(f"{count:>3}  {sent}  {end}")
    print(
        f"{len(ends) - bad} of {len(ends)} as they should be "
        f"(seed {given.seed}, moments in {longest_s:.1f} s)"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
