"""The command line: its verbs, and what errors become."""

import signal
import sys
from contextlib import suppress
from typing import Any, Final

import click

from idprobe.cli.audit_and_judge import add_audit_commands
from idprobe.cli.compare import add_compare_command
from idprobe.cli.diff import add_diff_command
from idprobe.cli.explain import add_explain_command
from idprobe.cli.init_and_doctor import add_start_commands
from idprobe.cli.list_known import add_list_commands
from idprobe.cli.serve import add_serve_command
from idprobe.errors import HarnessError, IdprobeError, NothingSelected
from idprobe.formats.sanitise import sanitise
from idprobe.load.run.command import add_load_command
from idprobe.report.charts.load_page import write_load_page
from idprobe.setup.provisioning import add_provision_command
from idprobe.setup.registering import add_cleanup_command
from idprobe.setup.targets import resolve
from idprobe.unexpected import sentence_about, tolerant, write_traceback

__all__ = ["main"]

USAGE: Final = 2
FAULT: Final = 4
NOTHING: Final = 5
INTERRUPTED: Final = 130
_CODES: Final = {HarnessError: FAULT, NothingSelected: NOTHING}
"""Which errors of ours are no mistake in the call."""


def main() -> None:
    """Run the command line; errors are one sentence and an exit code, never a traceback."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.stdout, sys.stderr = tolerant(sys.stdout), tolerant(sys.stderr)
    code = _code_of_the_call()
    # what is left is the end of the process: another signal just ends it sooner
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _code_of_the_call() -> int:
    try:
        code = commands.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _said(error.format_message(), USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _said("stopped; what was seen by then is in the results folder", INTERRUPTED)
    except IdprobeError as error:
        return _said(sanitise(str(error)), _CODES.get(type(error), USAGE))
    except Exception as error:  # noqa: BLE001 -- the end of the line: exit 1 would mean a verdict
        return _fault(error)
    return code if isinstance(code, int) else 0


def _said(sentence: str, code: int) -> int:
    click.echo(f"idprobe: {sentence}", err=True)
    return code


def _fault(error: Exception) -> int:
    """Say in one sentence what nobody foresaw; that may be a standard output that is full."""
    sys.stderr.write(sentence_about(error) + "\n")
    failure = write_traceback(error)
    if failure is not None:
        sys.stderr.write(f"idprobe: {failure}\n")
    sys.stderr.flush()
    with suppress(OSError):
        sys.stdout.close()  # what it still holds cannot be written: not said a second time
    return FAULT


def _as_interrupt(*_: Any) -> None:
    """Take SIGTERM, by which CI servers stop a job, for Ctrl-C: a run then keeps what it saw."""
    signal.raise_signal(signal.SIGINT)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="idprobe")
def commands() -> None:
    """Find out whether an identity server (OAuth 2.0, OpenID Connect) can be trusted.

    \b
    idprobe audit                          the embedded server, to see what a run looks like
    idprobe audit https://id.example       what can be seen of a server from outside
    idprobe init https://id.example        a profile of it, from what it says of itself
    idprobe doctor id.example.toml         whether clients and logins work, and what to change
    idprobe audit id.example.toml          all that the profile allows to be judged
    idprobe explain ID                     what a requirement means, and how it is tested

    Shell completion (bash, zsh; fish: pipe fish_source into source):

    \b
    eval "$(_IDPROBE_COMPLETE=bash_source idprobe)"
    eval "$(_IDPROBE_COMPLETE=zsh_source idprobe)"
    """  # noqa: D301 -- \b is click's, and keeps the lines apart


add_audit_commands(commands)
add_diff_command(commands)
add_compare_command(commands)
add_start_commands(commands)
add_serve_command(commands)
add_list_commands(commands)
add_explain_command(commands)
add_load_command(commands, resolve, write_load_page)
add_cleanup_command(commands)
add_provision_command(commands)


if __name__ == "__main__":
    main()
