"""What load may never go beyond: the caps of the tool, and [limits] of the profile."""

import math
from dataclasses import dataclass, replace
from typing import Final

from idprobe.errors import UsageError
from idprobe.load.run.plan import Closed, Open, Plan
from idprobe.load.schedule.ramp import expected
from idprobe.model.profile import Limits, Profile

__all__ = ["MOST_REQUESTS", "MOST_USERS", "Cost", "enforce_limits", "refuse_distributed"]

MOST_PER_S: Final = 1_000_000.0
"""Iterations a second; more is a slip of the pen."""
MOST_USERS: Final = 20_000
MOST_REQUESTS: Final = 1_000_000_000
"""Of one run, over all its workers."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How many requests a caller sends, as it was counted when one tried first."""

    prepare: int = 0
    """Before it can begin: a login, in most scenarios that have one."""
    iterate: float = 1.0
    """In an iteration; of a mixture the weighted mean."""


def enforce_limits(plan: Plan, profile: Profile, cost: Cost = Cost()) -> Plan:
    """Return the plan within caps and limits; raises UsageError where it goes beyond.

    What an iteration costs is known once one was tried; until then it is one request.
    """
    model, limits = plan.model, profile.limits
    if isinstance(model, Closed):
        _refuse_users(model, profile)
    else:
        _refuse_rate(model, profile, cost)
        connections = min(model.connections, limits.concurrency or model.connections)
        plan = replace(plan, model=replace(model, connections=connections))
    most, why = _most(limits, profile.where)
    planned = _planned(plan, cost)
    if planned > most:
        raise UsageError(
            f"{planned} requests or more would be sent, and {why}: shorten the run, or lower "
            f"--rate, --users or --callers"
        )
    return plan


def refuse_distributed(profile: Profile) -> None:
    """Raise UsageError for limits where nobody knows how many processes are to share them."""
    limits = profile.limits
    if limits.requests_per_second or limits.concurrency or limits.max_requests:
        raise UsageError(
            f"{profile.where}: [limits] cannot be shared out among workers of Locust's own: use "
            f"idprobe load --workers, or one process"
        )


def _refuse_rate(model: Open, profile: Profile, cost: Cost) -> None:
    rate, allowed = model.rate_per_s, profile.limits.requests_per_second
    if rate > MOST_PER_S:
        raise UsageError(f"--rate {rate:g}/s is more than {MOST_PER_S:,.0f}/s: lower it")
    needed = rate * cost.iterate
    if allowed is None or needed <= allowed:
        return
    of_each = "" if cost.iterate <= 1 else f", at {cost.iterate:.3g} requests each,"
    raise UsageError(
        f"--rate {rate:g}/s{of_each} is more than the {allowed:g} requests a second that "
        f"{profile.where} allows: lower it, or, if the server's owner agrees, say "
        f"requests_per_second = {math.ceil(needed)} under [limits] there (beyond loopback it is "
        f"20 where nothing is said)"
    )


def _refuse_users(model: Closed, profile: Profile) -> None:
    allowed = profile.limits.concurrency
    if model.users > MOST_USERS:
        raise UsageError(f"--users {model.users} is more than {MOST_USERS:,}: lower it")
    if allowed is not None and model.users > allowed:
        raise UsageError(
            f"--users {model.users} is more than the limits.concurrency = {allowed} of "
            f"{profile.where}: lower it, or, if the server's owner agrees, say concurrency = "
            f"{model.users} under [limits] there (beyond loopback it is 4 where nothing is said)"
        )


def _most(limits: Limits, where: str) -> tuple[int, str]:
    if limits.max_requests is not None and limits.max_requests < MOST_REQUESTS:
        allowed = limits.max_requests
        return allowed, f"{where} allows {allowed} of a run (max_requests under [limits])"
    return MOST_REQUESTS, f"a run has {MOST_REQUESTS:,} at most"


def _planned(plan: Plan, cost: Cost) -> int:
    """Return how many requests a run will send; of a closed loop at least."""
    model = plan.model
    if isinstance(model, Closed):
        return math.ceil(model.users * (cost.prepare + cost.iterate))
    steps = model.steps(plan.duration_s)
    arrivals = expected(steps) + steps[0].first_per_s * plan.warm_up_s
    # each worker has a whole number of them, and its share of what is allowed
    each = math.ceil(arrivals / plan.workers * cost.iterate)
    return (each + math.ceil(plan.callers / plan.workers) * cost.prepare) * plan.workers
