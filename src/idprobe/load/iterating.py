"""Iterations of a scenario: one run of its flow each, on its own session, counted as it went."""

import time
from collections.abc import Callable
from typing import Any, Final

from idprobe.errors import EvidenceError, IdprobeError, NoResponse, ProbeError, ProfileError
from idprobe.exchange import Request, Response
from idprobe.flows import Flow, discover
from idprobe.load.driver import drive
from idprobe.load.plan import Open
from idprobe.load.recording import UNFINISHED, UNSENT, Recording
from idprobe.load.schedule import Arrivals, Hands, OpenLoop
from idprobe.load.transport import Session, Transport
from idprobe.profile import Profile, Provider, Role

__all__ = ["Iterations", "MakeFlow", "Report", "prepared"]

MakeFlow = Callable[[Provider], Flow[Any]]
Report = Callable[[Request, int, int, str | None], None]
"""Is told of each request: nanoseconds, length of the body, and why it failed, if it did."""


def prepared(profile: Profile, role: Role, make_flow: MakeFlow) -> Provider:
    """Return the provider for a run, after one iteration has shown that the flow works.

    Raises ProfileError if no client plays the role, ProbeError if the target cannot be used.
    """
    client = profile.client_for(role)
    if client is None:
        fix = f"no client plays the role {role.value}, which this scenario needs: add one"
        raise ProfileError(profile.where, "clients", fix)
    session = Session(Transport(profile))
    try:
        known = "token_endpoint" in profile.endpoints
        metadata = {} if known else drive(discover(profile), session.send)
        user = next(iter(profile.users.values()), None)
        provider = Provider(profile, metadata, client, user)
        drive(make_flow(provider), session.send)
    except (ProbeError, EvidenceError) as error:
        raise ProbeError(
            f"no load was sent, since one try as client {client.name} failed: {error}"
        ) from None
    finally:
        session.close()
    return provider


class Iterations:
    """All iterations of one run in this process, and what was recorded of them."""

    def __init__(self, provider: Provider) -> None:
        self.recording: Final = Recording()
        self._provider: Final = provider
        self._transport: Final = Transport(provider.profile)
        self._idle: list[Session] = []
        self._sessions: list[Session] = []
        self._under_way: dict[Session, int] = {}

    def follow(
        self, schedule: Arrivals, model: Open, hands: Hands, run_one: Callable[[int], None]
    ) -> None:
        """Run a whole schedule, and count what it left undone as failed and at least so slow."""
        recording = self.recording
        loop = OpenLoop(hands, run_one, bound=model.connections)
        unsent = loop.run(schedule, patience_s=self._provider.profile.limits.exchange_s)
        recording.begin(loop.started_ns)
        for intended_ns in unsent:
            recording.unfinished(intended_ns, UNSENT)
        recording.scheduled = loop.scheduled
        recording.most_waiting = loop.most_waiting
        recording.slip.merge(loop.slip)
        if loop.fault is not None:
            recording.fault = type(loop.fault).__name__
        self.finish(complete=loop.fault is None)

    def run_one(self, make_flow: MakeFlow, intended_ns: int, report: Report) -> None:
        """Run the flow once and count how it went; what is no IdprobeError makes the run void."""
        session = self._idle.pop() if self._idle else self._new_session()
        begun_ns = time.perf_counter_ns()
        self._under_way[session] = intended_ns
        steps = _Steps(session, report)
        failure: str | None = None
        try:
            drive(make_flow(self._provider), steps.send)
        except NoResponse as error:
            failure = error.failure
        except IdprobeError as error:
            failure = str(error)
        except Exception as error:
            self.recording.fault = type(error).__name__
            raise
        if self._under_way.pop(session, None) is not None:
            self.recording.finished(intended_ns, begun_ns, failure)
        self._idle.append(session)
        steps.done(failure)

    def finish(self, *, complete: bool) -> None:
        """Close the books: iterations that are still under way count as failed."""
        for intended_ns in self._under_way.values():
            self.recording.unfinished(intended_ns, UNFINISHED)
        self._under_way.clear()
        self.recording.requests = sum(session.sent for session in self._sessions)
        self.recording.reconnects = sum(session.reconnects for session in self._sessions)
        self.recording.most_connections = len(self._sessions)
        self.recording.complete = complete

    def _new_session(self) -> Session:
        self._sessions.append(Session(self._transport))
        return self._sessions[-1]


class _Steps:
    """Sends the requests of one flow; reports each once the flow has judged its answer."""

    def __init__(self, session: Session, report: Report) -> None:
        self._session = session
        self._report = report
        self._pending: tuple[Request, int, int] | None = None

    def send(self, request: Request) -> Response:
        self.done(None)
        begun_ns = time.perf_counter_ns()
        size = 0
        try:
            response = self._session.send(request)
            size = len(response.body)
        finally:
            self._pending = (request, time.perf_counter_ns() - begun_ns, size)
        return response

    def done(self, failure: str | None) -> None:
        """Report the last request, if it has not been."""
        if self._pending is not None:
            self._report(*self._pending, failure)
            self._pending = None
