"""What [load] of a profile says where the command line says nothing."""

from typing import Any, Final

from idprobe.errors import ProfileError
from idprobe.load.scenarios import scenarios
from idprobe.model.profile import Profile

__all__ = ["budget_text", "with_defaults"]

DURATION: Final = "10s"


def with_defaults(profile: Profile, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run, completed from the profile's [load].

    Its rate or users count only where neither was given.
    """
    table = profile.extras.get("load", {})
    chosen = dict(options)
    if chosen["rate"] is None and chosen["users"] is None:
        chosen["rate"], chosen["users"] = table.get("rate"), table.get("users")
    if chosen["duration"] is None:
        chosen["duration"] = table.get("duration", DURATION)
    return chosen


def budget_text(profile: Profile, scenario: str, given: str | None) -> str:
    """Return the budget of a scenario: the one given, the scenario's own, or that of all."""
    table = profile.extras.get("load", {})
    budgets = table.get("budgets", {})
    unknown = sorted(set(budgets) - set(scenarios()))
    if unknown:
        fix = f"there is no scenario {unknown[0]!r}: use {', '.join(scenarios())}"
        raise ProfileError(profile.where, "load.budgets", fix)
    if given is not None:
        return given
    return str(budgets.get(scenario, table.get("budget", "")))
