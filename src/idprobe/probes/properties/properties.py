"""How a property is written: a strategy, an experiment over one example, a claim over its trace."""

from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import TypeVar

from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, Safety, probe
from idprobe.probes.steps.token_requests import honest_tokens
from idprobe.reading.properties.examples import Claim
from idprobe.searching import Search

__all__ = ["Control", "searched"]

T = TypeVar("T")
Control = Callable[[Wire], Awaitable[object]]
Experiment = Callable[[Wire, T], Awaitable[None]]
"""Tries one example on a wire of its own; its last exchange is what it is about."""


async def _tokens(wire: Wire) -> None:
    await honest_tokens(wire, wire.provider)


def searched(  # noqa: PLR0913 -- the parts of a property, and of a probe
    examples: Callable[[Provider], SearchStrategy[T]],
    claim: Claim,
    *,
    role: Role,
    needs: Iterable[Capability] = (),
    others: Iterable[Role] = (),
    logs_in: bool = False,
    safety: Safety = Safety.NORMAL,
    depth: Depth = Depth.QUICK,
    control: Control = _tokens,
) -> Callable[[Experiment[T]], Experiment[T]]:
    """Register a property under its function's name, as a probe that searches.

    `examples` makes the strategy for a provider; `claim` says what is wrong with an example. The
    control works before the first example and after the last one: it gets the client's tokens
    unless it is given.
    """

    def register(experiment: Experiment[T]) -> Experiment[T]:
        name = getattr(experiment, "__name__", "")

        @wraps(experiment)
        async def search(wire: Wire) -> None:
            await control(wire)
            strategy = examples(wire.provider)
            await Search(name, wire, strategy, experiment, claim, wire.effort).run()
            await control(wire)

        probe(
            role=role,
            others=others,
            needs=needs,
            logs_in=logs_in,
            safety=safety,
            depth=depth,
            searches=True,
        )(search)
        return experiment

    return register
