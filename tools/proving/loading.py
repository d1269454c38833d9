"""A short load run in this process, whose figures are of no interest and whose answers are."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from idprobe.load.callers import Caller, Mixed
from idprobe.load.callers.context import LoadContext, load_context
from idprobe.load.callers.mixed import KINDS
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.load_trace import under_load
from idprobe.load.run.plan import Closed, Plan
from idprobe.load.run.result import LoadResult
from idprobe.load.run.worker import LoadWorker, preflight
from idprobe.model.profile import Profile, Role
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

__all__ = ["crowded", "loaded"]

USERS: Final = 4
SECONDS: Final = 0.3


def crowded(profile: Profile) -> Profile:
    """Return a profile in which every client that can gets tokens of its own, each time new ones.

    Whose token it is can only be told among several.
    """
    clients = {
        name: replace(one, roles=one.roles | {Role.SERVICE})
        if "client_credentials" in one.grant_types
        else one
        for name, one in profile.clients.items()
    }
    contract = {**profile.contract, "fresh_token_per_request": True}
    return replace(profile, clients=clients, contract=contract)


def loaded(profile: Profile, scenario: str, *, rounds: int = 1) -> Trace:
    """Return what a closed loop of a few users leaves; raises ProbeError if nothing works.

    Of several rounds the first in which an answer was wrong is the last.
    """
    context, kind = load_context(profile), KINDS.get(scenario, Mixed)
    preflight(context, kind)
    plan = Plan(Closed(USERS), SECONDS, callers=USERS)
    work = _worked(context, kind, plan)
    for _ in range(rounds - 1):
        if context.findings.breaches:
            break
        work = _worked(context, kind, plan)
    result = LoadResult(
        scenario=scenario,
        target=profile.name,
        issuer=profile.issuer,
        started_at=datetime.now(UTC),
        plan=plan,
        budget=parse_budget("errors<100%"),
        recording=work.recording,
        unusable=work.refusal,
    )
    samples = Vault.of(profile).redact(work.engine.samples.trace)
    # one process serves and asks: that it has no reserve says nothing of the answers
    return under_load({**result.to_dict(), "void": None}, [samples])


def _worked(context: LoadContext, kind: type[Caller], plan: Plan) -> LoadWorker:
    work = LoadWorker(context, kind, plan)
    work.join_one(USERS)
    work.run()
    return work
