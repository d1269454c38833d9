"""Forty wrong credentials in a row, read for whether the server minded."""

from statistics import median
from typing import Final

from idprobe.model.trace import Trace

__all__ = ["slowed_down"]

SLOWER: Final = 5
SLOW_NS: Final = 200_000_000
STRETCH: Final = 10
TOO_MANY: Final = 429


def slowed_down(trace: Trace) -> bool:
    """Return whether the answers to the guesses show a limit, or take longer and longer."""
    guesses = trace.steps("guess")
    for exchange in guesses:
        answer = exchange.answered
        if answer.status == TOO_MANY or answer.header("retry-after") is not None:
            return True
    times = [exchange.elapsed_ns for exchange in guesses]
    first, last = median(times[:STRETCH]), median(times[-STRETCH:])
    return last > SLOWER * first and last > SLOW_NS
