"""How a variant says what it makes use of, and which verdicts it changes by right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, TypeVar

from idprobe.errors import HarnessError
from idprobe_reference.names import kebab_case
from idprobe_reference.server import ReferenceServer

__all__ = ["VARIANTS", "Medium", "Shape", "VariantInfo", "variant"]

Medium: TypeAlias = Literal["asgi", "socket", "tls"]
Shape: TypeAlias = Literal["reference", "speakup"]
S = TypeVar("S", bound=ReferenceServer)


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """A variant: its class, what it does otherwise, the text that leaves that free."""

    name: str
    server_class: type[ReferenceServer] = field(repr=False)
    summary: str
    freedom: str
    """The section that leaves it free."""
    differs: Mapping[str, str]
    """Why a requirement, or all whose ids begin so (`*`), applies here and not there, or not."""
    shape: Shape
    medium: Medium
    path: str
    """The path of its issuer."""


_KNOWN: Final[dict[str, VariantInfo]] = {}
VARIANTS: Final[Mapping[str, VariantInfo]] = MappingProxyType(_KNOWN)


def variant(
    freedom: str,
    *,
    differs: Mapping[str, str] | None = None,
    shape: Shape = "reference",
    medium: Medium = "asgi",
    path: str = "",
) -> Callable[[type[S]], type[S]]:
    """Declare a subclass of the reference server that is as right as it is, in another way.

    Raises HarnessError if there is one of that name.
    """

    def declare(server_class: type[S]) -> type[S]:
        name = kebab_case(server_class.__name__)
        if name in _KNOWN:
            raise HarnessError(f"two variants are called {name}")
        _KNOWN[name] = VariantInfo(
            name=name,
            server_class=server_class,
            summary=(server_class.__doc__ or "").strip(),
            freedom=freedom,
            differs=MappingProxyType(dict(differs or {})),
            shape=shape,
            medium=medium,
            path=path,
        )
        return server_class

    return declare
