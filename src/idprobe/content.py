"""Where the content beside the code is: checks, load scenarios, fixtures, templates.

An installed idprobe carries it inside the package; a checkout has it at its root.
"""

from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["content"]

_PACKAGE: Final = Path(__file__).resolve().parent


@cache
def content(*parts: str) -> Path:
    """Return where a piece of content is; its parts are folders and a name."""
    carried = _PACKAGE / "content"
    root = carried if carried.is_dir() else _PACKAGE.parents[1]
    return root.joinpath(*parts)
