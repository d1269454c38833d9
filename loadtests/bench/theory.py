"""A single queue with a fixed service time: exactly how long its requests take.

With Poisson arrivals it is M/D/1, whose distribution of waiting times is known: here from that of
the number in the queue, in a form without differences that would cancel out (Franx, "A simple
solution for the M/D/c waiting time distribution", Operations Research Letters 29, 2001). With known
arrivals it is Lindley's recursion. Times are in units of the caller's choice, the same throughout.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count, islice

__all__ = ["highest_rate", "nearest_rank", "quantile", "sojourns", "waits_at_most"]

STEPS = 40


def _in_queue(load: float) -> Iterator[float]:
    """Yield the chance of 0, 1, 2 ... in the system, by the balance of what crosses each level."""
    weights = [math.exp(-load)]  # of so many arrivals in one service
    beyond = [1.0, 1 - weights[0]]  # of at least so many
    chances = [1 - load]
    yield chances[0]
    for level in count(1):
        up = chances[0] * beyond[level]
        up += sum(chances[low] * beyond[level - low + 1] for low in range(1, level))
        chances.append(up / weights[0])
        yield chances[level]
        weights.append(weights[-1] * load / level)
        beyond.append(_beyond(load, level + 1))


def _beyond(load: float, fewest: int) -> float:
    """Return the chance of at least so many arrivals in one service, small as it may be."""
    term = math.exp(-load + fewest * math.log(load) - math.lgamma(fewest + 1))
    total = 0.0
    for further in count(fewest + 1):
        total += term
        term *= load / further
        if term <= total * 1e-17:
            return total
    return total


def waits_at_most(time: float, rate: float, service: float) -> float:
    """Return the chance that an arrival waits at most so long before it is served."""
    if time < 0:
        return 0.0
    services = math.floor(time / service) + 1
    # at most so many behind the one in service: an empty system counts with the lowest
    at_most = list(accumulate(islice(_in_queue(rate * service), services + 1)))[1:]
    left = rate * (services * service - time)
    term, total = math.exp(-left), 0.0
    for number, chance in enumerate(reversed(at_most), 1):
        total += term * chance
        term *= left / number
    return total


def quantile(percent: float, rate: float, service: float) -> float:
    """Return a percentile of the time from arrival to answer."""
    high = service
    while waits_at_most(high, rate, service) < percent / 100:
        high *= 2
    low = 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if waits_at_most(middle, rate, service) < percent / 100:
            low = middle
        else:
            high = middle
    return service + high


def highest_rate(percent: float, limit: float, service: float) -> float:
    """Return the highest rate at which a percentile is within a limit, longer than one service."""
    low, high = 0.0, 1 / service
    share = percent / 100
    for _ in range(STEPS):
        middle = (low + high) / 2
        held = waits_at_most(limit - service, middle, service) >= share
        low, high = (middle, high) if held else (low, middle)
    return low


def sojourns(arrivals: Iterable[float], service: float) -> Iterator[float]:
    """Yield how long each of the arrivals takes that come at these times, in order (Lindley)."""
    free = -math.inf
    for at in arrivals:
        free = max(free, at) + service
        yield free - at


def nearest_rank(percent: float, values: Sequence[float]) -> float:
    """Return a percentile of values: the least that so many percent of them do not exceed."""
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]
