"""The scenario client_credentials, whose workers write every single latency down.

    IDPROBE_LATENCIES=FILE locust -f tests/load/sampled.py --worker ...

For namespaces.py, which holds the merged histogram against these.
"""

import json
import os
from pathlib import Path
from typing import Any

from locust import events  # noqa: TID251 -- a scenario, which Locust runs

from idprobe.load.callers import ClientCredentials
from idprobe.load.locust.users import FlowUser
from idprobe.load.measure.monitor import Monitor

latencies_ns: list[int] = []
counted = Monitor.ended


def ended(self: Monitor, intended_ns: int, begun_ns: int, now_ns: int, failure: str | None) -> None:
    """Note an iteration twice: as ever, and here."""
    counted(self, intended_ns, begun_ns, now_ns, failure)
    if self.is_steady(intended_ns):
        latencies_ns.append(now_ns - intended_ns)


def write(**_others: Any) -> None:
    """Leave what was noted."""
    Path(os.environ["IDPROBE_LATENCIES"]).write_text(json.dumps(latencies_ns), encoding="utf-8")


setattr(Monitor, "ended", ended)  # noqa: B010 -- mypy would not have a method assigned
quitting: Any = events.quitting
quitting.add_listener(write)


class Service(FlowUser):
    """The user of loadtests/client_credentials.py, by whose name a master knows it."""

    caller = ClientCredentials
