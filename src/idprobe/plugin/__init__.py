"""The pytest plugin (entry point `pytest11`): options and their reading, nothing else.

It wakes up when `--idprobe TARGET` is given; until then it imports nothing heavy.
"""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from idprobe.audit.options import Options

__all__ = ["pytest_addoption", "pytest_configure"]

FAIL_ON: Final = ("must", "should", "contract", "never")
DEPTHS: Final = ("quick", "full", "deep")
SAFETIES: Final = ("passive", "normal", "intrusive")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("idprobe", "judging an identity server")
    group.addoption("--idprobe", metavar="TARGET", help="a URL, a profile, or a shipped name")
    group.addoption("--idprobe-output", metavar="DIR", help="where the results go")
    group.addoption("--idprobe-overwrite", action="store_true", help="replace results there")
    group.addoption("--idprobe-standard", action="append", default=[], metavar="NAME")
    group.addoption("--idprobe-fail-on", choices=FAIL_ON, default="must")
    group.addoption("--idprobe-depth", choices=DEPTHS, default="quick")
    group.addoption("--idprobe-safety", choices=SAFETIES, default="normal")
    group.addoption("--i-may-test", action="append", default=[], metavar="HOST")


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session if there is a target."""
    target = config.getoption("--idprobe")
    if not target:
        return
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("idprobe shares one run between its checks: leave out -n")

    from idprobe.audit.audit import Audit  # noqa: PLC0415 -- heavy, and only now needed
    from idprobe.errors import IdprobeError  # noqa: PLC0415
    from idprobe.plugin.session import AuditSession  # noqa: PLC0415
    from idprobe.setup.embedded import served  # noqa: PLC0415
    from idprobe.setup.targets import resolve  # noqa: PLC0415 -- heavy, and only now needed

    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    try:
        profile = stack.enter_context(served(resolve(target)))
        audit = Audit(profile, _options(config, profile.name))
    except IdprobeError as error:
        raise pytest.UsageError(str(error)) from None
    AuditSession.register(config, audit)


def _options(config: pytest.Config, name: str) -> "Options":
    from idprobe.audit.options import Options  # noqa: PLC0415 -- heavy, and only now needed
    from idprobe.evidence.outputs import fresh_folder  # noqa: PLC0415
    from idprobe.judge.weigh import FailOn  # noqa: PLC0415
    from idprobe.observe.selection import Selection  # noqa: PLC0415
    from idprobe.probes import Depth, Safety  # noqa: PLC0415

    return Options(
        out=Path(config.getoption("--idprobe-output") or fresh_folder(name)),
        overwrite=config.getoption("--idprobe-overwrite"),
        selection=Selection(
            Depth[config.getoption("--idprobe-depth").upper()],
            Safety[config.getoption("--idprobe-safety").upper()],
        ),
        standards=tuple(config.getoption("--idprobe-standard")),
        fail_on=FailOn(config.getoption("--idprobe-fail-on")),
        may_test=frozenset(config.getoption("--i-may-test")),
    )
