"""A story in words: a numbered list of requests, with names for codes and tokens."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from idprobe.lifecycle.events import Act, Event, Outcome

__all__ = ["Names"]

PAUSE_S: Final = 1.0
VERBS: Final = {
    Act.REDEEM: "redeems",
    Act.REDEEM_UNPROVEN: "redeems, without the code verifier,",
    Act.REDEEM_MISPROVEN: "redeems, with a wrong code verifier,",
    Act.REFRESH: "refreshes with",
    Act.REVOKE: "revokes",
    Act.INTROSPECT: "introspects",
    Act.USERINFO: "calls userinfo with",
}


class Names:
    """Names for codes and tokens, in the order in which they were issued."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        events = list(events)
        scopes = [scope for event in events for scope in (event.asked, event.told) if scope]
        self._usual = scopes[0] if scopes else None
        self._tells_usual = any(scope != self._usual for scope in scopes)
        self._gaps = dict(_gaps(events))
        for event in events:
            if event.act is Act.AUTHORIZE and event.what:
                self._give(event.what, "code")
            for value, kind in (
                (event.access_token, "access token"),
                (event.refresh_token, "refresh token"),
            ):
                if value:
                    self._give(value, kind)

    def _give(self, value: str, kind: str) -> None:
        if value not in self._names:
            self._counts[kind] = number = self._counts.get(kind, 0) + 1
            self._names[value] = f"{kind} {number}"

    def of(self, value: str) -> str:
        """Return the name of a value; nothing of the value itself is shown."""
        return self._names.get(value, "something else")

    def sentence(self, event: Event) -> str:
        """Return an event in words: when, who does what with which token, and what comes of it."""
        gap_s = self._gaps.get(event.step)
        return f"{gap_s:.1f} s later {self._deed(event)}" if gap_s else self._deed(event)

    def _deed(self, event: Event) -> str:
        if event.act is Act.LOG_OUT:
            return "the user logs out"
        if event.act is Act.AUTHORIZE:
            with_it = " with PKCE" if event.is_bound else ""
            return (
                f"{event.role} is authorized{with_it}{self._for(event.asked)} → {self._came(event)}"
            )
        subject = f"{event.role} {VERBS[event.act]} {self.of(event.what)}{self._for(event.asked)}"
        return f"{subject} → {self._came(event)}"

    def _came(self, event: Event) -> str:
        if event.outcome is not Outcome.GIVEN:
            return _refusal(event)
        match event.act:
            case Act.AUTHORIZE:
                return self.of(event.what)
            case Act.REVOKE:
                return "200"
            case Act.INTROSPECT:
                return f"active{self._for(event.told)}"
            case Act.USERINFO:
                return "claims"
            case _:
                return self._tokens(event)

    def _tokens(self, event: Event) -> str:
        values = [one for one in (event.access_token, event.refresh_token) if one]
        return " and ".join(self.of(value) for value in values) + self._for(event.told)

    def _for(self, scope: frozenset[str] | None) -> str:
        """Return a scope in words, none where all of the story has the same."""
        if scope is None or (scope == self._usual and not self._tells_usual):
            return ""
        return f" for {' '.join(sorted(scope)) or 'no scope'}"


def _gaps(events: Sequence[Event]) -> Iterator[tuple[str, float]]:
    """Yield what came after a pause, and how long that was."""
    for before, event in pairwise(events):
        gap_s = event.begun_s - before.ended_s
        if gap_s > PAUSE_S:
            yield event.step, gap_s


def _refusal(event: Event) -> str:
    if event.outcome is Outcome.NEITHER:
        return "no clear answer"
    return "inactive" if event.act is Act.INTROSPECT else event.error or "refused"
