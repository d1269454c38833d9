"""The verb `serve`: the reference identity server, whole or broken in one way."""

import json
import sys
from pathlib import Path
from typing import Any

import click

__all__ = ["add_serve_command"]


@click.command()
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
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as a line of JSON.")
def serve(
    configuration: str, config: Path | None, mutant: str | None, *, as_json: bool, **listening: Any
) -> int:
    """Run the reference identity server until it is interrupted.

    \b
    idprobe serve
    idprobe serve --as reference --mutant token-response-may-be-stored --port 0
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    from idprobe_reference.config import (  # noqa: PLC0415
        load_config,
        reference_config,
        speakup_config,
    )
    from idprobe_reference.mutants import mutant_named  # noqa: PLC0415
    from idprobe_reference.running import run_forever  # noqa: PLC0415

    if config is not None:
        chosen = load_config(config)
    else:
        chosen = reference_config() if configuration == "reference" else speakup_config()
    if mutant is not None:
        listening["server_class"] = mutant_named(mutant).server_class
    run_forever(chosen, announce=_announce_json if as_json else _announce, **listening)
    return 0


def _announce(running: Any) -> None:
    """Say where the server listens, and whom to trust if it speaks TLS."""
    click.echo(f"serving {running.issuer} (stop with Ctrl-C)")
    if running.ca_file is not None:
        click.echo(f"its authority is in {running.ca_file}: [tls] ca_file of a profile")


def _announce_json(running: Any) -> None:
    ca_file = None if running.ca_file is None else str(running.ca_file)
    click.echo(json.dumps({"issuer": running.issuer, "ca_file": ca_file}))
    sys.stdout.flush()


def add_serve_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(serve)
