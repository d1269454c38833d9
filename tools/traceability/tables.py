"""Tables in Markdown, in which text from anywhere stays text."""

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "escaped", "lines_of_code", "table"]


def escaped(text: str) -> str:
    """Return plain text as Markdown shows it inside a table."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


def code(text: str) -> str:
    """Return text as code inside a table, where a bar would end the cell."""
    return "`" + text.replace("|", "\\|") + "`"


def lines_of_code(names: Iterable[str]) -> str:
    """Return names as code, a line for each inside one cell."""
    return "<br>".join(code(name) for name in names)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
