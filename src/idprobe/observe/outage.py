"""Experiments that an outage of the server went through: what it knew before, it may have lost.

A server that takes no connection for a moment and then answers again has probably been started
anew. Whoever was in the midst of an experiment may hold tokens and sessions that are forgotten.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from idprobe.evidence.store import UNDER_LOAD, ProbeOutcome
from idprobe.model.exchange import Exchange, Sender, TransportFailure
from idprobe.model.trace import Trace

__all__ = ["without_interrupted"]


def _outages(traces: Mapping[str, Trace]) -> list[datetime]:
    """Return when no connection was had to an origin that answered at other times."""
    exchanges = [one for trace in traces.values() for one in trace]
    alive = {one.request.origin for one in exchanges if one.response is not None}
    return [one.started_at for one in exchanges if _failed(one) and one.request.origin in alive]


def _failed(exchange: Exchange) -> bool:
    """Return whether no connection was had; handshakes that must fail are of experiments."""
    failed = exchange.transport_failure is TransportFailure.NOT_CONNECTED
    return exchange.sender is Sender.HTTPX and failed


def without_interrupted(
    traces: Mapping[str, Trace], outcomes: Mapping[str, ProbeOutcome]
) -> dict[str, ProbeOutcome]:
    """Return how the probes ended, with those that an outage went through as not answered."""
    made = {name: trace for name, trace in traces.items() if name != UNDER_LOAD}
    moments = sorted(_outages(made))
    found = dict(outcomes)
    for name, trace in made.items():
        moment = _first_within(trace, moments) if moments else None
        if moment is not None and found[name].outcome == "done":
            because = f"the server took no connection at {moment:%H:%M:%S}: it may have forgotten"
            found[name] = replace(found[name], outcome="no_response", because=because)
    return found


def _first_within(trace: Trace, moments: Sequence[datetime]) -> datetime | None:
    """Return the first of the sorted moments after which a trace that had begun went on."""
    if not trace.exchanges:
        return None
    ends = max(one.started_at + timedelta(microseconds=one.elapsed_ns / 1000) for one in trace)
    place = bisect_left(moments, trace.started_at)
    return moments[place] if place < len(moments) and moments[place] <= ends else None
