"""The verbs of idprobe."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from idprobe.audit import Audit, Options, reached, recorded_profile, resolve
from idprobe.catalogue import Requirement, load_catalogue
from idprobe.content import content
from idprobe.coverage.command import add_coverage_command
from idprobe.errors import HarnessError, IdprobeError
from idprobe.evidence import read_evidence
from idprobe.glue import Glue
from idprobe.judge import FailOn
from idprobe.load.command import add_load_command
from idprobe.login.manual import pasted
from idprobe.observe import Selection
from idprobe.probes import Depth, Safety, all_probes
from idprobe.profile import Profile
from idprobe.provisioning import add_provision_command
from idprobe.registering import add_cleanup_command, registering
from idprobe.reports.model import Run
from idprobe.reports.terminal import print_summary

__all__ = ["main"]

USAGE: Final = 2
FAULT: Final = 4
INTERRUPTED: Final = 130
OUTPUT: Final = Path("reports", "output")

Command = TypeVar("Command", bound=Callable[..., Any])


def main() -> None:
    """Run the command line; errors are one sentence and an exit code, never a traceback."""
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"idprobe: {error.format_message()}", err=True)
        code = USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "idprobe: stopped; what was observed until then is in the evidence folder", err=True
        )
        code = INTERRUPTED
    except HarnessError as error:
        click.echo(f"idprobe: {error}", err=True)
        code = FAULT
    except IdprobeError as error:
        click.echo(f"idprobe: {error}", err=True)
        code = USAGE
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="idprobe")
def commands() -> None:
    """Find out whether an identity server (OAuth 2.0, OpenID Connect) can be trusted."""


def _run_options(command: Command) -> Command:
    """Add the options that audit and judge share."""
    options = [
        click.option(
            "--output", "-o", type=click.Path(path_type=Path), help="Folder of the results."
        ),
        click.option(
            "--standard",
            "standards",
            multiple=True,
            metavar="NAME",
            help="Judge this family only (repeatable).",
        ),
        click.option(
            "--fail-on",
            type=click.Choice([f.value for f in FailOn]),
            default="must",
            show_default=True,
            help="What makes the exit code 1.",
        ),
        click.option(
            "--allow-inconclusive",
            type=click.IntRange(0),
            default=0,
            metavar="N",
            help="Accept so many inconclusive requirements that count.",
        ),
        click.option(
            "--strict-deviations", is_flag=True, help="Fail if a declared deviation is gone."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@commands.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_run_options
@click.option(
    "--depth",
    type=click.Choice([d.name.lower() for d in Depth]),
    default="quick",
    show_default=True,
    help="How long the run may take.",
)
@click.option(
    "--safety",
    type=click.Choice([s.name.lower() for s in Safety]),
    default="normal",
    show_default=True,
    help="What the run may do to the server.",
)
@click.option(
    "--i-may-test",
    "may_test",
    multiple=True,
    metavar="HOST",
    help="You are allowed to test this host.",
)
@click.option("--tls", is_flag=True, help="Serve the embedded server over TLS.")
@click.option(
    "--register",
    is_flag=True,
    help="Register the clients that the profile lacks (RFC 7591), and delete them afterwards.",
)
@click.option(
    "-k",
    "keyword",
    default="",
    metavar="EXPRESSION",
    help="Only checks whose name or requirement matches (as pytest -k).",
)
def audit(targets: tuple[str, ...], **options: Any) -> int:
    """Observe a server, judge it, write the reports.

    TARGET is an issuer URL, a profile file or the name of a shipped profile; without one the
    embedded reference server is audited as `speakup`. Several targets run one after the other.
    """
    if len(targets) > 1:
        return max(_in_child(target) for target in targets)
    profile = resolve(targets[0] if targets else None)
    with reached(profile, tls=options["tls"]) as reachable:
        out = options["output"] or _fresh_output(profile.name)
        if not options["register"]:
            return _judge(_audit(reachable, options, out), options["keyword"])
        with registering(reachable, options["may_test"]) as (equipped, registrar):
            run = _audit(equipped, options, out)
            run.afterwards = registrar.take_back
            for refusal in registrar.refused.values():
                click.echo(f"idprobe: not registered: {refusal}", err=True)
            return _judge(run, options["keyword"])


def _audit(profile: Profile, options: dict[str, Any], out: Path) -> Audit:
    human = pasted if profile.login.driver == "manual" else None
    return Audit(profile, _options(options, out), human=human)


@commands.command()
@click.argument("evidence", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_run_options
def judge(evidence: Path, **options: Any) -> int:
    """Judge recorded EVIDENCE again, without the server."""
    folder = evidence / "evidence" if (evidence / "evidence").is_dir() else evidence
    recorded = read_evidence(folder)
    profile = recorded_profile(recorded)
    out = options["output"] or _fresh_output(f"{profile.name}-judged")
    depth, safety = recorded.run.get("depth", "quick"), recorded.run.get("safety", "normal")
    chosen = _options({**options, "depth": depth, "safety": safety, "may_test": ()}, out)
    return _judge(Audit(profile, chosen, recorded=recorded), "")


@commands.command()
@click.option(
    "--as",
    "configuration",
    type=click.Choice(["reference", "speakup"]),
    default="speakup",
    show_default=True,
    help="Which of the two shipped configurations.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A TOML or JSON configuration instead.",
)
@click.option(
    "--mutant", metavar="NAME", help="Break the server in one way (see `idprobe list mutants`)."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0: any free port.",
)
@click.option("--tls", is_flag=True, help="Serve over TLS with a throw-away authority.")
def serve(configuration: str, config: Path | None, mutant: str | None, **listening: Any) -> int:
    """Run the reference identity server until it is interrupted."""
    from idprobe.reference.config import (  # noqa: PLC0415 -- a whole server, only now needed
        load_config,
        reference_config,
        speakup_config,
    )
    from idprobe.reference.mutants import mutant_named  # noqa: PLC0415
    from idprobe.reference.running import run_forever  # noqa: PLC0415

    if config is not None:
        chosen = load_config(config)
    else:
        chosen = reference_config() if configuration == "reference" else speakup_config()
    if mutant is not None:
        listening["server_class"] = mutant_named(mutant).server_class
    run_forever(chosen, announce=_announce, **listening)
    return 0


def _announce(running: Any) -> None:
    """Say where the server listens, and whom to trust if it speaks TLS."""
    click.echo(f"serving {running.issuer} (stop with Ctrl-C)")
    if running.ca_file is not None:
        click.echo(f"its authority is in {running.ca_file}: [tls] ca_file of a profile")


@commands.command("list")
@click.argument(
    "what",
    type=click.Choice(["requirements", "probes", "mutants", "profiles"]),
    default="requirements",
)
def list_(what: str) -> int:
    """List requirements, probes, mutants or shipped profiles."""
    if what == "requirements":
        for requirement in load_catalogue().requirements.values():
            click.echo(f"{requirement.id}  {requirement.level.value}  {requirement.summary}")
    elif what == "probes":
        for probe in all_probes().values():
            click.echo(f"{probe.name}  {probe.summary}")
    elif what == "mutants":
        from idprobe.reference.mutants import MUTANTS  # noqa: PLC0415 -- a whole server

        for name, mutant in MUTANTS.items():
            click.echo(f"{name}  breaks {', '.join(mutant.breaks)}")
    else:
        for path in sorted(content("fixtures", "providers").glob("*.toml")):
            click.echo(path.stem)
    return 0


@commands.command()
@click.argument("identifier", metavar="ID")
def explain(identifier: str) -> int:
    """Say what a requirement means, how it is tested and where it stands."""
    requirement = load_catalogue()[identifier]
    for name, value in _explained(requirement):
        if value:
            click.echo(f"{name:<9} {value}")
    return 0


def _explained(requirement: Requirement) -> Sequence[tuple[str, str]]:
    return (
        ("id", requirement.id),
        ("level", f"{requirement.level.value} ({requirement.basis}; {requirement.severity})"),
        ("gates", "yes" if requirement.gates else "no, a violation is only reported"),
        ("wants", requirement.summary),
        ("applies", " and ".join(requirement.when) or "always"),
        ("probe", requirement.probe),
        ("protects", requirement.protects),
        ("fix", requirement.fix),
        ("note", requirement.note),
        ("link", requirement.link),
    )


add_load_command(commands, resolve)
add_cleanup_command(commands)
add_coverage_command(commands)
add_provision_command(commands)


def _options(given: dict[str, Any], out: Path) -> Options:
    return Options(
        out=out,
        selection=Selection(Depth[given["depth"].upper()], Safety[given["safety"].upper()]),
        standards=given["standards"],
        fail_on=FailOn(given["fail_on"]),
        allow_inconclusive=given["allow_inconclusive"],
        strict_deviations=given["strict_deviations"],
        may_test=frozenset(given["may_test"]),
        keyword=given.get("keyword", ""),
    )


def _fresh_output(name: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    return OUTPUT / f"{name}-{stamp}"


def _in_child(target: str) -> int:
    """Audit one of several targets in a process of its own, with our other arguments."""
    others = [word for word in sys.argv[1:] if not _is_target(word)]
    return subprocess.run(  # noqa: S603 -- our own command line
        [sys.executable, "-m", "idprobe", *others, target], check=False
    ).returncode


def _is_target(word: str) -> bool:
    return word.startswith(("http://", "https://")) or Path(word).is_file()


def _judge(run: Audit, keyword: str) -> int:
    """Run the suite over an audit, print what came out and return the exit code."""
    console = Console()
    with _bar() as bar:
        task = bar.add_task("observing", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name.replace("_", " ")[:40], completed=done, total=total)

        run.progress = show
        result = _run_suite(run, keyword)
    if run.broken is not None:
        click.echo(f"idprobe: {run.broken}", err=True)
    else:
        print_summary(result, console, run.options.out / "report.html")
    _remember(run.options.out)
    return result.exit_codes[0]


def _run_suite(run: Audit, keyword: str) -> Run:
    """Let pytest collect and call the checks, quietly; return the finished run."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    glue = Glue(run)
    folder = content("conformance")
    arguments = [str(folder), "--rootdir", str(folder), "-c", str(folder / "pytest.ini")]
    arguments += ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:logging"]
    arguments += ["-k", keyword] if keyword else []
    status = pytest.main(arguments, plugins=[glue, glue.fixtures()])
    if glue.error is not None:
        raise glue.error
    if glue.run is None or glue.uncollected:
        why = "; ".join(glue.uncollected) or f"pytest ended with {int(status)}"
        raise HarnessError(f"the suite did not run as a whole: {why}")
    return glue.run


def _bar() -> Progress:
    """Return a progress bar on standard error, there only while somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _remember(out: Path) -> None:
    """Let `latest`, beside the results, lead to them; without links in the file system: nothing."""
    latest = out.parent / "latest"
    try:
        latest.unlink(missing_ok=True)
        latest.symlink_to(out.name)
    except OSError:
        return


if __name__ == "__main__":
    main()
