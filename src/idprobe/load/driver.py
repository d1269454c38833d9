"""Drives a flow with a sender that blocks: a thread's, or a greenlet's."""

from collections.abc import Callable
from typing import TypeVar

from idprobe.errors import UsageError
from idprobe.exchange import Request, Response
from idprobe.flows import Ending, Flow, HumanStep

__all__ = ["Send", "Visit", "drive"]

T = TypeVar("T")

Send = Callable[[Request], Response]
Visit = Callable[[HumanStep], Ending]


def drive(flow: Flow[T], send: Send, visit: Visit | None = None) -> T:
    """Drive a flow to its end and return its value.

    What `send` raises ends the flow. Without `visit` a flow that needs a person raises UsageError.
    """
    try:
        move = next(flow)
        while True:
            if isinstance(move, HumanStep):
                move = flow.send(_carried(move, visit))
            else:
                move = flow.send(send(move))
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _carried(step: HumanStep, visit: Visit | None) -> Ending:
    if visit is None:
        raise UsageError("this driver has no user agent: it cannot run a flow with a login in it")
    return visit(step)
