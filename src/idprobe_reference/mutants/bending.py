"""Mutants that change what one method returns: a table says which, and how."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from idprobe_reference.mutants.registry import Medium, Profile, mutant
from idprobe_reference.server import ReferenceServer

__all__ = ["Change", "bend", "having", "lacking"]

Change = Callable[[Any], Any]


def bend(  # noqa: PLR0913, PLR0917 -- the columns of a table
    method: str,
    name: str,
    summary: str,
    breaks: str | Sequence[str],
    change: Change,
    also: Sequence[str] = (),
    *,
    profile: Profile = "reference",
    medium: Medium = "asgi",
) -> None:
    """Declare a mutant that changes what a method returns; `also` sees the same fault."""
    members = {"__doc__": summary, "__module__": __name__}
    server_class: type[ReferenceServer] = type(name, (ReferenceServer,), members)
    setattr(server_class, method, _changed(server_class, method, change))
    mutant(breaks, also=dict.fromkeys(also, "the same fault"), profile=profile, medium=medium)(
        server_class
    )


def _changed(server_class: type[ReferenceServer], method: str, change: Change) -> Any:
    if inspect.iscoroutinefunction(getattr(ReferenceServer, method)):

        async def changed_later(self: ReferenceServer, *given: Any, **named: Any) -> Any:
            return change(await getattr(super(server_class, self), method)(*given, **named))

        return changed_later

    def changed(self: ReferenceServer, *given: Any, **named: Any) -> Any:
        return change(getattr(super(server_class, self), method)(*given, **named))

    return changed


def having(**members: Any) -> Change:
    """Return a change that sets members of an object."""
    return lambda value: {**value, **members}


def lacking(*names: str) -> Change:
    """Return a change that takes members away from an object."""
    return lambda value: {name: one for name, one in value.items() if name not in names}
