"""The page of our error rates, whose figures are those of the pages that measure them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["with_rates"]

PLACE: Final = re.compile(r"^<!-- rates of (\S+) by (.+) -->$", re.MULTILINE)
RATE: Final = re.compile(
    r"^\| ([^|*]+) \| (\d+) \| (\d+) \| ([\d.]+%) \| ([\d.]+% to [\d.]+%) \|$", re.MULTILINE
)
SURVIVORS: Final = re.compile(
    r"^\| \*\*(.+), in all\*\* \| (\d+) \| \d+ \| \d+ \| (\d+) \| ([\d.]+%) \(([^)]+)\) \|$",
    re.MULTILINE,
)


def with_rates(markdown: str, folder: Path) -> str:
    """Return a page with the rates of others, each in the place of the comment that names it.

    A page that is not there, or has no figures, gives a row that says so.
    """

    def rows(place: re.Match[str]) -> str:
        name, command = place.groups()
        found = list(_rates(folder / name))
        if not found:
            return f"| {name} is not measured yet | – | – | – | – | `{command}` |"
        return "\n".join(
            f"| [{what}]({name}) | {count} | {of} | {rate} | {interval} | `{command}` |"
            for what, count, of, rate, interval in found
        )

    return PLACE.sub(rows, markdown)


def _rates(page: Path) -> Iterator[tuple[str, str, str, str, str]]:
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    for what, count, of, rate, interval in RATE.findall(text):
        yield what, count, of, rate, interval
    for what, made, survived, rate, interval in SURVIVORS.findall(text):
        yield f"changes of {what} that no test notices", survived, made, rate, interval
