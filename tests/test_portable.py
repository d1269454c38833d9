"""What idprobe is made of is there on every system, but for the engine that loads servers.

Our CI runs on Linux alone. This test takes away what Windows has not, and looks whether anything
misses it at import.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from idprobe.cli.main import commands
from idprobe.errors import UsageError

CODE: Final = """
import importlib, os, pkgutil, select, signal, sys

for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
MISSING = {
    select: ("epoll", "poll", "kqueue"),
    signal: ("SIGALRM", "SIGUSR1", "SIGKILL", "SIGHUP", "setitimer"),
    os: ("fork", "getuid", "geteuid", "killpg", "setsid", "mkfifo", "sched_getaffinity"),
}
for module, names in MISSING.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)

import idprobe

for found in pkgutil.walk_packages(idprobe.__path__, "idprobe."):
    if found.name.endswith("__main__") or found.name in {"idprobe.load.locust.users"}:
        continue
    try:
        importlib.import_module(found.name)
    except (ImportError, AttributeError) as error:
        if getattr(error, "name", None) != "playwright":  # an extra, which may be left out
            print(f"{found.name}: {error!r}")
"""


def test_load_says_where_it_can_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr("select.epoll")
    words = ["load", "client_credentials", "--rate", "1/s", "-o", str(tmp_path)]

    with pytest.raises(UsageError, match="epoll, which Linux alone has"):
        CliRunner().invoke(commands, words, standalone_mode=False, catch_exceptions=False)


def test_nothing_needs_a_system_like_ours_to_be_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
