"""The verb `serve`: the reference identity server, whole or broken in one way."""

import json
import sys
from contextlib import suppress
from pathlib import Path

import click

from idprobe.errors import ProbeError
from idprobe.setup.embedded import EmbeddedServer, started

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
def serve(  # noqa: PLR0913 -- an option each
    configuration: str,
    config: Path | None,
    mutant: str | None,
    host: str,
    port: int,
    *,
    tls: bool,
    as_json: bool,
) -> int:
    """Run the reference identity server until it is interrupted.

    \b
    idprobe serve
    idprobe serve --as reference --mutant token-response-may-be-stored --port 0
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    options = ["--as", configuration, "--host", host, "--port", str(port), *["--tls"] * tls]
    if config is not None:
        options += ["--config", str(config)]
    if mutant is not None:
        options += ["--mutant", mutant]
    with suppress(KeyboardInterrupt), started(*options) as server:
        _announce(server, as_json=as_json)
        server.process.wait()
        raise ProbeError(f"the server ended by itself, with exit code {server.process.returncode}")
    return 0


def _announce(server: EmbeddedServer, *, as_json: bool) -> None:
    """Say where the server listens, and whom to trust if it speaks TLS."""
    if as_json:
        ca_file = None if server.ca_file is None else str(server.ca_file)
        click.echo(json.dumps({"issuer": server.issuer, "ca_file": ca_file}))
    else:
        click.echo(f"serving {server.issuer} (stop with Ctrl-C)")
        if server.ca_file is not None:
            click.echo(f"its authority is in {server.ca_file}: [tls] ca_file of a profile")
    sys.stdout.flush()


def add_serve_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(serve)
