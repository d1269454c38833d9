"""Virtual users: callers as an engine runs them, and the scheduler that starts them."""

from collections.abc import Generator
from typing import Any, Final, Protocol

from idprobe.load.engine.connections import Connection
from idprobe.load.engine.encoded_requests import EncodedRequest
from idprobe.load.engine.responses import RawResponse
from idprobe.load.measure.counters import RequestCounter
from idprobe.model.exchange import Request

__all__ = ["LoadFlow", "Scheduler", "VirtualUser"]

LoadFlow = Generator[EncodedRequest | Request, Any, Any]


class VirtualUser:
    """One virtual user: its caller, its flow, its connections, and where it is."""

    __slots__ = (
        "answer", "begun_ns", "caller", "came_ns", "connection", "connections", "counter", "flow",
        "intended_ns", "prepared", "raw", "request", "resent", "sent_ns", "timed_out", "took_ns",
        "unanswered",
    )  # fmt: skip

    def __init__(self, caller: Any) -> None:
        self.caller: Final = caller
        self.connections: Final[dict[str, Connection]] = {}
        self.flow: LoadFlow | None = None
        self.connection: Connection | None = None
        self.request: EncodedRequest | None = None
        self.answer: RawResponse | None = None
        self.counter: RequestCounter | None = None
        self.raw = False
        self.resent = False
        self.unanswered = False
        self.timed_out = False
        """Whether what was sent last got no answer in time."""
        self.prepared = False
        self.intended_ns = 0
        self.begun_ns = 0
        self.sent_ns = 0
        self.came_ns = 0
        """When the kernel had the answer to what was sent last, as far as is known; else 0."""
        self.took_ns = -1
        """How long the answer took that its flow has not judged yet; -1 where there is none."""


class Scheduler(Protocol):
    """Decides when a virtual user begins an iteration, and is told how it ended."""

    def due(self, now_ns: int) -> int:
        """Begin what is due, and return when to look again at the latest."""
        ...

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Take back a virtual user whose flow has ended."""
        ...

    def over(self, now_ns: int) -> bool:
        """Return whether everything is done."""
        ...
