"""The checks as plain functions.

They are pytest functions as well: `pytest conformance --idprobe TARGET` shows the same judgements.
"""

import importlib.util
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import httpx

from idprobe.content import content
from idprobe.errors import HarnessError
from idprobe.model.verdict import Judgement
from idprobe.probes import all_probes

__all__ = ["Check", "InProcess", "all_checks", "judged", "requirements_of"]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its node id below `conformance/`, what it judges, what it reads, its claim."""

    name: str
    claim: str
    requirements: tuple[str, ...]
    probes: tuple[str, ...]
    body: Callable[..., None]


class Judging(Protocol):
    """What of an audit it takes to observe a server and to judge it."""

    judgements: list[Judgement]

    def observe(self, probes: Iterable[str]) -> None:
        """Make the experiments."""

    def judge(
        self,
        check: str,
        claim: str,
        requirements: Sequence[str],
        probes: Sequence[str],
        body: Callable[..., None],
    ) -> list[Judgement]:
        """Return and keep the judgements of one check."""


class InProcess(httpx.ASGITransport):
    """Carries requests to an ASGI application, their target byte for byte as on a socket."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the application's answer."""
        target: bytes = request.extensions["target"]
        request.url = request.url.copy_with(raw_path=target)
        return await super().handle_async_request(request)


@cache
def all_checks() -> tuple[Check, ...]:
    """Return every check of the suite, in the order of its files."""
    root = content("conformance")
    return tuple(
        check
        for path in sorted(root.rglob("test_*.py"))
        for check in _checks_of(_loaded(path, root), path.relative_to(root).as_posix())
    )


def judged(audit: Judging, checks: Sequence[Check]) -> list[Judgement]:
    """Let an audit observe what the checks need, and return what they judge."""
    audit.observe(dict.fromkeys(probe for check in checks for probe in check.probes))
    for check in checks:
        audit.judge(check.name, check.claim, check.requirements, check.probes, check.body)
    return audit.judgements


def requirements_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return what `@requirement` says that a function judges; empty if it is no check."""
    found: tuple[str, ...] = getattr(function, "requirements", ())
    return found


def _loaded(path: Path, root: Path) -> ModuleType:
    name = "idprobe_conformance." + ".".join(path.relative_to(root).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HarnessError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        why = f"{path.relative_to(root).as_posix()}: {type(error).__name__}: {error}"
        raise HarnessError(f"the suite is not whole: {why}") from error
    return module


def _checks_of(module: ModuleType, file: str) -> Iterator[Check]:
    for name, function in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(function):
            continue
        identifiers = requirements_of(function)
        claim = (inspect.getdoc(function) or "").partition("\n")[0]
        probes = tuple(inspect.signature(function).parameters)
        strange = [probe for probe in probes if probe not in all_probes()]
        if strange:
            raise HarnessError(f"{file}::{name}: there is no probe {strange[0]}")
        yield Check(f"{file}::{name}", claim, identifiers, probes, function)
