"""The verbs `init` and `doctor`: from an issuer to a profile that works."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from idprobe.errors import UsageError
from idprobe.model.profile import Profile, consent_missing
from idprobe.setup.doctor import Symptom, examine
from idprobe.setup.embedded import served
from idprobe.setup.init_profile import Beginning, begin, profile_name
from idprobe.setup.targets import resolve

__all__ = ["add_start_commands"]

UNUSABLE: Final = 3
COLOURS: Final[Mapping[str, str]] = {"ok": "green", "fix": "red", "skip": "yellow"}


@click.command()
@click.argument("issuer")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; without it, the name of the host.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def init(issuer: str, output: Path | None, *, as_json: bool) -> int:
    """Write a profile for the server at ISSUER from what it says of itself.

    Only public documents are read. Nothing is asked, and no secret is written: the profile takes
    them from the environment, and you are told which variables to set.

    \b
    idprobe init https://id.example
    idprobe doctor id.example.toml
    idprobe audit id.example.toml
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    found = asyncio.run(begin(issuer))
    path = output or Path(profile_name(issuer))
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(found.text)
    except FileExistsError:
        raise UsageError(f"{path} is there already: name another file with --output") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror})") from None
    if as_json:
        told: dict[str, Any] = asdict(found)
        del told["text"]
        click.echo(json.dumps({"profile": str(path), **told}, indent=2))
    else:
        click.echo("\n".join(_next(path, found)))
    return 0


def _next(path: Path, found: Beginning) -> list[str]:
    lines = [f"wrote {path}"]
    if found.variables:
        lines += ["set these in the environment:", *(f"  {name}" for name in found.variables)]
    if found.needs_consent:
        lines.append("say in [target] who allows the test and until when")
    register = " --register" if found.registers else ""
    return [*lines, f"then: idprobe doctor {path}", f"and:  idprobe audit {path}{register}"]


@click.command()
@click.argument("target", required=False)
@click.option(
    "--i-may-test",
    "may_test",
    multiple=True,
    metavar="HOST",
    help="You are allowed to test this host.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def doctor(target: str | None, may_test: tuple[str, ...], *, as_json: bool) -> int:
    """Look whether a run could work, before it: reach the server, try each client and login.

    TARGET is a profile, a shipped name or an issuer. Whatever does not work says what to change.
    Exit code 3 if anything has to be changed first.

    \b
    idprobe doctor acme.toml
    idprobe doctor acme.toml --i-may-test id.example
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    with served(resolve(target)) as profile:
        today = datetime.now(UTC).date()
        missing = consent_missing(profile, today, frozenset(may_test))
        if missing is not None and profile.clients:
            raise UsageError(missing)
        found = asyncio.run(_examined(profile, as_json=as_json))
    if as_json:
        document = {"target": profile.name, "symptoms": [asdict(one) for one in found]}
        click.echo(json.dumps(document, indent=2))
    ailing = sum(one.state == "fix" for one in found)
    if not as_json:
        click.echo(f"{ailing} to change" if ailing else "ready: idprobe audit")
    return UNUSABLE if ailing else 0


async def _examined(profile: Profile, *, as_json: bool) -> list[Symptom]:
    found = []
    async for symptom in examine(profile):
        found.append(symptom)
        if not as_json:
            _show(symptom)
    return found


def _show(symptom: Symptom) -> None:
    mark = click.style(f"{symptom.state:<4}", fg=COLOURS[symptom.state])
    click.echo(f"{mark}  {symptom.what}: {symptom.said}", color=_colour())
    sys.stdout.flush()


def _colour() -> bool | None:
    """Return False where NO_COLOR forbids colour, None to let the terminal decide."""
    return False if os.environ.get("NO_COLOR") else None


def add_start_commands(commands: click.Group) -> None:
    """Add both verbs to the command line."""
    commands.add_command(init)
    commands.add_command(doctor)
