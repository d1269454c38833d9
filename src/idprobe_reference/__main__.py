"""`python -m idprobe_reference`: the reference server in a process of its own.

It prints one line of JSON on standard output: where it listens and whom to trust, or
`{"error": …}` with exit code 2. It ends when its standard input closes, when the process that
started it is gone, or at SIGINT and SIGTERM.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from idprobe.errors import IdprobeError, UsageError
from idprobe_reference.config import load_config, reference_config, speakup_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig

__all__ = ["main"]

_CONFIGURATIONS: Final = {"reference": reference_config, "speakup": speakup_config}
_USAGE: Final = 2
_PARENT_S: Final = 1.0
"""How often it looks whether its parent still runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, or list the mutants; return the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.list_mutants:
            _print({"mutants": _mutants()})
        else:
            _serve(options)
    except IdprobeError as error:
        _print({"error": str(error)})
        return _USAGE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m idprobe_reference", description=__doc__)
    parser.add_argument("--as", dest="configuration", metavar="NAME", default="reference")
    parser.add_argument("--config", type=Path, help="a TOML or JSON file instead of a NAME")
    parser.add_argument("--mutant", metavar="NAME", help="break the server in one way")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--list-mutants", action="store_true", help="print what there is, and end")
    return parser


def _serve(options: argparse.Namespace) -> None:
    """Serve until nobody needs the server any more."""
    parent = os.getppid()
    running = serve(
        _configuration(options),
        options.host,
        options.port,
        tls=options.tls,
        server_class=_server_class(options.mutant),
    )
    with suppress(KeyboardInterrupt), running as server:
        ca_file = None if server.ca_file is None else str(server.ca_file)
        _print({"issuer": server.issuer, "ca_file": ca_file})
        _wait_for_the_end(parent)
        if ca_file is None:
            # it remembers nothing that anybody would want, and has no files to take away
            os._exit(0)


def _configuration(options: argparse.Namespace) -> ServerConfig:
    if options.config is not None:
        return load_config(options.config)
    name = options.configuration
    if name not in _CONFIGURATIONS:
        raise UsageError(f"there is no embedded server {name!r}: {' or '.join(_CONFIGURATIONS)}")
    return _CONFIGURATIONS[name]()


def _server_class(mutant: str | None) -> type[ReferenceServer]:
    if mutant is None:
        return ReferenceServer
    from idprobe_reference.mutants import mutant_named  # noqa: PLC0415 -- a thousand classes

    return mutant_named(mutant).server_class


def _mutants() -> list[dict[str, Any]]:
    from idprobe_reference.mutants import MUTANTS  # noqa: PLC0415 -- a thousand classes

    return [{"name": name, "breaks": sorted(one.breaks)} for name, one in MUTANTS.items()]


def _wait_for_the_end(parent: int) -> None:
    """Return when standard input has ended or the parent is no longer `parent`.

    The second is for a parent that was killed while another process holds its end of the pipe.
    """
    ended = threading.Event()
    threading.Thread(target=_read_input, args=(ended,), daemon=True).start()
    while not ended.wait(_PARENT_S) and os.getppid() == parent:
        pass


def _read_input(ended: threading.Event) -> None:
    """Read standard input to its end; not by sys.stdin, whose lock would block our exit."""
    with suppress(OSError):  # no standard input at all: nothing to wait for
        while os.read(0, 65_536):
            pass
    ended.set()


def _print(document: Mapping[str, Any]) -> None:
    """Print one line of JSON; nothing if who asked was killed meanwhile."""
    try:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
