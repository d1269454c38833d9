"""Mutants that change what one method returns: a table says which, and how."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from idprobe.reference.mutants.registry import Medium, Profile, mutant
from idprobe.reference.server import ReferenceServer

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

    def namespace(body: dict[str, Any]) -> None:
        body["__doc__"] = summary
        body["__module__"] = __name__
        body[method] = _changed(method, change)

    server_class = _subclass(name, namespace)
    mutant(breaks, also=dict.fromkeys(also, "the same fault"), profile=profile, medium=medium)(
        server_class
    )


def _subclass(name: str, fill: Callable[[dict[str, Any]], None]) -> type[ReferenceServer]:
    body: dict[str, Any] = {}
    fill(body)
    return type(name, (ReferenceServer,), body)


def _changed(method: str, change: Change) -> Callable[..., Any]:
    original: Callable[..., Any] = getattr(ReferenceServer, method)
    if inspect.iscoroutinefunction(original):

        async def changed_later(self: ReferenceServer, *given: Any, **named: Any) -> Any:
            return change(await original(self, *given, **named))

        return changed_later

    def changed(self: ReferenceServer, *given: Any, **named: Any) -> Any:
        return change(original(self, *given, **named))

    return changed


def having(**members: Any) -> Change:
    """Return a change that sets members of an object."""
    return lambda value: {**value, **members}


def lacking(*names: str) -> Change:
    """Return a change that takes members away from an object."""
    return lambda value: {name: one for name, one in value.items() if name not in names}
