"""The judgements of one check: one for each requirement that the run covers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from idprobe.audit.observed import Observed
from idprobe.audit.scope import Scope
from idprobe.judge.evaluate import Decision, decided
from idprobe.judge.weigh import deviation_for, evidence_verdict, weigh
from idprobe.model.catalogue import Requirement
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.verdict import Inconclusive, Judgement, Violated
from idprobe.report.curl import curl_command

__all__ = ["Judge"]


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Judges checks by what a run observed."""

    scope: Scope
    observed: Observed

    def judgements(
        self,
        check: str,
        claim: str,
        requirements: Sequence[str],
        probes: Sequence[str],
        body: Callable[..., None],
    ) -> list[Judgement]:
        """Return the judgements of one check, one for each selected requirement.

        A check of a requirement judges all that say the same (`same_as`), each if it applies.
        """
        found: list[Judgement] = []
        said: Decision | None = None
        for identifier in self.scope.selected_of(requirements):
            requirement = self.scope.catalogue[identifier]
            decision = self._before(requirement, probes)
            if decision is None:
                decision = said = said or decided(body, self.observed.traces(probes))
            found.append(self._judgement(check, claim, requirement, probes, decision))
        return found

    def _before(self, requirement: Requirement, probes: Sequence[str]) -> Decision | None:
        """Return what is decided without the check's claim, None if it has to be asked."""
        seen = self.observed.seen
        if seen is None:
            return Decision(Inconclusive(str(self.observed.broken or "nothing was observed")))
        outcomes = [self.observed.outcome(name) for name in probes]
        verdict = evidence_verdict(requirement, seen.situation, outcomes)
        return None if verdict is None else Decision(verdict)

    def _judgement(
        self,
        check: str,
        claim: str,
        requirement: Requirement,
        probes: Sequence[str],
        decision: Decision,
    ) -> Judgement:
        scope, verdict, exchange = self.scope, decision.verdict, decision.exchange
        declared = deviation_for(requirement, scope.profile.deviations, scope.catalogue)
        weight = weigh(
            requirement,
            verdict,
            declared,
            fail_on=scope.options.fail_on,
            today=scope.day,
        )
        held = deviation_for(requirement, scope.quarantined, scope.catalogue)
        return Judgement(
            check,
            claim,
            requirement,
            verdict,
            weight.deviation,
            weight.counts and held is None,
            tuple(probes),
            sent=f"{exchange.step}: {exchange.request!r}" if exchange is not None else "",
            saw=_saw(exchange),
            curl=_repeated(exchange),
            exchange=self.observed.place(exchange, probes),
            replay=self._replay(probes, exchange) if isinstance(verdict, Violated) else "",
            remark=decision.remark,
        )

    def _replay(self, probes: Sequence[str], exchange: Exchange | None) -> str:
        """Return how to try the example again that decided, empty if no search found it."""
        number = "" if exchange is None else exchange.step.partition("/")[0]
        searched = [trace.searched for trace in self.observed.traces(probes).values()]
        found = [one for some in searched for one in some.get("found", ())]
        fitting = [one["reproduce"] for one in found if str(one["example"]) == number]
        others = [some.get("reproduce") for some in searched if not number.isdecimal()]
        return str(next(filter(None, (*fitting, *others)), ""))


def _repeated(exchange: Exchange | None) -> str:
    """Return the command that repeats an exchange, empty for a call that the server made."""
    ours = exchange is not None and exchange.sender is not Sender.SERVER
    return curl_command(exchange.request) if exchange is not None and ours else ""


def _saw(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    if exchange.response is None:
        return f"no response: {exchange.failure}"
    landing = f", then {exchange.landing!r}" if exchange.landing is not None else ""
    error = f" error={exchange.response.error[:80]}" if exchange.response.error else ""
    return f"{exchange.response!r}{error}{landing}"
