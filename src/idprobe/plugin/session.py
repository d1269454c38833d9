"""Shows the judgements of one Audit in a pytest session: probes are fixtures, verdicts outcomes."""

import contextlib
import inspect
import types
import warnings
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.suite import claimed_folder, wants, written
from idprobe.content import content
from idprobe.errors import IdprobeError
from idprobe.evidence.outputs import Claim
from idprobe.findings.run import Run
from idprobe.judge.collect import requirements_of
from idprobe.model.trace import Trace
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Violated,
    because_of,
    worst,
)
from idprobe.probes import all_probes
from idprobe.unexpected import place_of

__all__ = ["AuditSession", "TolerableViolation"]

HARNESS_FAULT: Final = 4
USAGE: Final = 2
NOTHING: Final = "no check is selected: nothing was done"


class TolerableViolation(UserWarning):
    """A violation that the gate does not count: declared in the profile, or of no such weight."""


class AuditSession:
    """One audit in a pytest session."""

    def __init__(self, audit: Audit) -> None:
        """Take an audit that has not observed anything yet."""
        self.audit = audit
        self.run: Run | None = None
        self.error: IdprobeError | None = None
        """Why the run could not be made, if so."""
        self.uncollected: list[str] = []
        """What keeps the suite from being whole: bad files, strange checks, crashes."""
        self.unwritten: tuple[str, ...] = ()
        """What the system did not let us write, a sentence each."""
        self.is_empty = False
        """Whether no check was selected, so that nothing was done."""
        self._judged: set[str] = set()
        self._folder: Claim | None = None
        self._plain_failed = False
        """Whether a test failed that judges nothing."""

    @classmethod
    def register(cls, config: pytest.Config, audit: Audit) -> None:
        """Add the session and the probes' fixtures to pytest."""
        session = cls(audit)
        config.pluginmanager.register(session, "idprobe-session")
        config.pluginmanager.register(session.fixtures(), "idprobe-probes")

    def fixtures(self) -> types.ModuleType:
        """Return a module with a session fixture for every probe, called by its name."""
        module = types.ModuleType("idprobe_probes")
        for name, probe in all_probes().items():
            fixture = pytest.fixture(scope="session", name=name)(_reader(self, name))
            fixture.__doc__ = probe.summary
            setattr(module, name, fixture)
        return module

    def trace(self, name: str) -> Trace:
        """Return the trace of a probe, an empty one if it did not end as it should."""
        try:
            return self.audit.traces([name])[name]
        except KeyError:
            return Trace(name, (), redacted=True)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Remember a crash of ours, and let pytest print none: no run may end as if all were well.

        The text of an exception may have a secret, so its place is told instead.
        """
        self.uncollected.append(f"{excinfo.typename} at {place_of(excinfo.value)}")
        return True

    def pytest_keyboard_interrupt(self) -> None:
        """Remember that somebody stopped the run, whatever it was doing: not all was judged."""
        self.audit.observed.interrupted = True

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """Remember a check that crashed before it was judged: no judgement is lost in silence."""
        is_check = isinstance(node, pytest.Item) and bool(_requirements(node))
        if is_check and node.nodeid not in self._judged and call.excinfo is not None:
            error = call.excinfo
            self.audit.lost.append(f"{node.nodeid}: {error.typename} at {place_of(error.value)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be loaded: no check may be lost in silence."""
        if report.failed:
            reason = str(report.longrepr).strip().splitlines()
            self.uncollected.append(f"{report.nodeid}: {reason[-1] if reason else 'unknown'}")

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let -k find a check by what it judges: `-k cache` by its requirement's id, too."""
        for identifier in _requirements(item):
            item.extra_keyword_matches.update({identifier, *self.audit.scope.alike(identifier)})

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the checks of standards that were not selected."""
        chosen: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            identifiers = _requirements(item)
            strange = _strange_arguments(item) if identifiers else ()
            self.uncollected += [f"{item.nodeid}: there is no probe {name}" for name in strange]
            wanted = not identifiers or wants(self.audit, identifiers, _probes(item))
            (chosen if wanted else left).append(item)
        items[:] = chosen
        if left:
            config.hook.pytest_deselected(items=left)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Make the experiments that the selected checks need, before the first check."""
        if session.config.option.collectonly:
            return None
        if self.uncollected:
            return True
        self.is_empty = not session.items
        if session.items:
            try:
                self._folder = claimed_folder(self.audit)
                self.audit.observe(
                    dict.fromkeys(n for item in session.items for n in _probes(item))
                )
            except IdprobeError as error:
                self.error = error
                return True
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        """Judge a check, and pass, fail, skip or warn as the judgements say."""
        identifiers = _requirements(pyfuncitem)
        if not identifiers:
            return None
        claim = (pyfuncitem.function.__doc__ or "").strip().partition("\n")[0]
        found = self.audit.judge(
            _check_id(pyfuncitem), claim, identifiers, _probes(pyfuncitem), pyfuncitem.obj
        )
        self._judged.add(pyfuncitem.nodeid)
        verdict = worst(judgement.verdict for judgement in found)
        match verdict:
            case NotApplicable(because):
                pytest.skip(because)
            case Inconclusive(because) | HarnessFault(because):
                # a traceback would be of ours, and takes pytest longer than all the rest
                pytest.fail(f"{type(verdict).__name__}: {because}", pytrace=False)
            case Satisfied() | Violated():
                pass
        pyfuncitem.user_properties.append(("idprobe", [j.requirement.id for j in found]))
        for judgement in found:
            if isinstance(judgement.verdict, Violated):
                _report(judgement)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a failure that no judgement stands for, or a pipeline would be green with it."""
        self._plain_failed |= report.failed and report.nodeid not in self._judged

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports and set the exit status from our own table."""
        if session.config.option.collectonly:
            return
        if self.uncollected or self.error is not None:
            session.exitstatus = HARNESS_FAULT if self.uncollected else USAGE
        elif self._folder is not None:
            self.run, self.unwritten = written(self.audit, self._folder)
            others = pytest.ExitCode.TESTS_FAILED if self._plain_failed else pytest.ExitCode.OK
            session.exitstatus = self.run.exit_codes[0] or others
        if self._folder is not None:
            self._folder.release()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the report is, or why there is none."""
        for flaw in (*self.uncollected, *([self.error] if self.error else [])):
            terminalreporter.write_line(f"not judged: {flaw}")
        for sentence in (*([NOTHING] if self.is_empty else []), *self.unwritten):
            terminalreporter.write_line(sentence)
        if self.run is not None:
            terminalreporter.write_line(f"report: {self.audit.options.out / 'report.html'}")


def _reader(session: AuditSession, name: str) -> Any:
    def read() -> Trace:
        return session.trace(name)

    read.__name__ = name
    return read


def _report(judgement: Judgement) -> None:
    said = f"{judgement.requirement.id}: {because_of(judgement.verdict)}"
    if judgement.counts:
        pytest.fail(said, pytrace=False)
    why = f" (declared: {judgement.deviation.because})" if judgement.deviation else " (not counted)"
    warnings.warn(TolerableViolation(said + why), stacklevel=2)


def _requirements(item: pytest.Item) -> tuple[str, ...]:
    function = getattr(item, "function", None)
    return () if function is None else requirements_of(function)


def _probes(item: pytest.Item) -> tuple[str, ...]:
    names = getattr(item, "fixturenames", ())
    return tuple(name for name in names if name in all_probes())


def _strange_arguments(item: pytest.Item) -> tuple[str, ...]:
    """Return the arguments of a check that are no probes."""
    function = getattr(item, "function", None)
    names = () if function is None else tuple(inspect.signature(function).parameters)
    return tuple(name for name in names if name not in all_probes())


def _check_id(item: pytest.Item) -> str:
    """Return the node id below `conformance/`, whatever folder pytest was started in."""
    path, _, rest = item.nodeid.partition("::")
    root = content("conformance")
    with contextlib.suppress(ValueError):
        path = Path(item.path).relative_to(root).as_posix()
    return f"{path}::{rest}"
