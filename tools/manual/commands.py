"""The command line as a page, from the parser itself."""

import inspect
from collections.abc import Iterator
from typing import Final

import click

from idprobe.cli.main import commands
from tools.traceability.tables import code, escaped, table

__all__ = ["command_page"]

_INTRODUCTION: Final = """\
# Command line

What `idprobe --help` and the help of each verb say.

Every verb takes `--json` where it has something to say to programs.
| exit code | means |
|---|---|
| 0 | as expected |
| 1 | the gate failed, or a load budget was not kept |
| 2 | the call or the profile cannot be used |
| 3 | the target cannot be tested, or what counts stayed undecided |
| 4 | idprobe failed, or a load run is void |
| 5 | nothing was judged |
| 130 | stopped by Ctrl-C or SIGTERM; what was seen by then is judged |

| variable | does |
|---|---|
| `NO_COLOR` | takes the colours away |
| `GITHUB_ACTIONS` | `true` adds annotations |
| `XDG_STATE_HOME` | says where registered clients are written down |
| `IDPROBE_PROFILE` | names the profile of a plain `locust` run |
"""
_KEPT: Final = "\b"


def command_page() -> str:
    """Return the page of all verbs."""
    parts = [_INTRODUCTION]
    for name, command in commands.commands.items():
        parts.append("\n".join(_verb(name, command)))
    return "\n".join(parts)


def _verb(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(
        command, info_name=name, parent=click.Context(commands, None, "idprobe")
    )
    usage = command.collect_usage_pieces(context)
    yield f"## idprobe {name}\n"
    yield f"```text\nidprobe {name} {' '.join(usage)}\n```\n"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    rows = [_row(param, context) for param in command.get_params(context)]
    options = [row for row in rows if row is not None]
    yield table(("option", "means"), options) if options else ""


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help; those whose lines are kept apart become a block."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(_KEPT):
            kept = paragraph.removeprefix(_KEPT).strip("\n")
            yield f"```text\n{kept}\n```\n"
        else:
            yield escaped(paragraph) + "\n"


def _row(param: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    record = param.get_help_record(context)
    return None if record is None else (code(record[0]), escaped(" ".join(record[1].split())))
