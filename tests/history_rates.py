"""How many calls of a history are put in order in a second, and how often a sound server is blamed.

Run by hand: `python tests/history_rates.py [HISTORIES]`. It prints one line for each length of
history, and then how many histories of the correct server had no order.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.lifecycle import Act, Call, Claim, Event, Outcome
from idprobe.lifecycle.histories import History, bad_history, histories
from idprobe.model.profile import with_issuer
from idprobe.observe.selection import Selection
from idprobe.probes import Depth
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
LANES: Final = 4
LENGTHS: Final = (50, 100, 200, 400, 800)
PROBES: Final = ("history", "public_history")
CLAIMS: Final = (Claim.CODE_ONCE, Claim.ROTATED_ENDS, Claim.REVOKED_ACCESS, Claim.REVOKED_REFRESH)


def made_up(length: int) -> History:
    """Return a sound history: four lanes use a token, and one of them refreshes in between."""
    events = [_event(1, Act.AUTHORIZE, "C"), _event(2, Act.REDEEM, "C", "A0", "R0")]
    newest = 0
    for number in range(3, length + 1):
        if number % 10 == 0:
            newest += 1
            what = f"R{newest - 1}"
            events.append(_event(number, Act.REFRESH, what, f"A{newest}", f"R{newest}"))
        else:
            events.append(_event(number, Act.USERINFO, f"A{newest}"))
    calls = []
    for event in events:
        overlaps = event.act is Act.USERINFO
        begun, ended = event.begun_ns, event.begun_ns + (LANES * 10 if overlaps else 5)
        calls.append(Call(begun, ended, event, str(begun % LANES)))
    return History("made up", tuple(calls))


def _event(number: int, act: Act, what: str, access: str = "", refresh: str = "") -> Event:
    return Event(
        f"1/{number:05}/public/{act}",
        "public",
        act,
        Outcome.GIVEN,
        what,
        access_token=access or None,
        refresh_token=refresh or None,
        lifetime_s=600,
        begun_ns=number * 10,
    )


def rate(length: int) -> float:
    """Return how many calls a second are put in order."""
    history, begun = made_up(length), time.perf_counter()
    if bad_history(history, Claim.ROTATED_ENDS) is not None:
        raise SystemExit("a sound history has no order")
    return length / (time.perf_counter() - begun)


def blamed(wanted: int) -> tuple[int, int]:
    """Return how many histories of the correct server were judged, and how many had no order."""
    seen = bad = 0
    while seen < wanted:
        config = replace(reference_config(), issuer=ISSUER)
        profile = with_issuer(resolve("reference"), ISSUER)
        with TemporaryDirectory() as out:
            options = Options(Path(out), Selection(Depth.FULL), keeps_evidence=False)
            audit = Audit(profile, options, InProcess(ReferenceServer(config).app))
            checks = [check for check in all_checks() if {*check.probes} & {*PROBES}]
            for _ in judged(audit, checks):
                pass
            for trace in audit.traces(PROBES).values():
                found = histories(trace)
                seen += len(found)
                bad += sum(bad_history(one, claim) is not None for one in found for claim in CLAIMS)
    return seen, bad


def main() -> None:
    """Print what was measured."""
    for length in LENGTHS:
        sys.stdout.write(f"{length} calls: {rate(length):.0f} calls/s\n")
    if len(sys.argv) > 1:
        seen, bad = blamed(int(sys.argv[1]))
        sys.stdout.write(f"{seen} histories of the correct server, {bad} without an order\n")


if __name__ == "__main__":
    main()
