"""Carries one Audit through a pytest session: probes become fixtures, outcomes judgements."""

import contextlib
import inspect
import types
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.content import content
from idprobe.errors import IdprobeError
from idprobe.evidence.outputs import Claim, claim
from idprobe.findings.run import Run
from idprobe.model.exchange import Trace
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
from idprobe.report import result_files, write_all
from idprobe.unexpected import place_of

__all__ = ["Glue", "TolerableViolation"]

MARK: Final = "requirement"
HARNESS_FAULT: Final = 4
USAGE: Final = 2
NOTHING: Final = "no check is selected: nothing was done"


class TolerableViolation(UserWarning):
    """A violation that the gate does not count: declared in the profile, or of no such weight."""


class Glue:
    """Carries one Audit through a pytest session."""

    def __init__(self, audit: Audit) -> None:
        """Take an audit that has not observed anything yet."""
        self.audit = audit
        self.run: Run | None = None
        self.error: IdprobeError | None = None
        """Why the run could not be made, if so."""
        self._judged: dict[str, list[Judgement]] = {}
        self.uncollected: list[str] = []
        """What keeps the suite from being whole: bad files, strange checks, crashes."""
        self.unwritten: tuple[str, ...] = ()
        """What the system did not let us write, a sentence each."""
        self.is_empty = False
        """Whether no check was selected, so that nothing was done."""
        self._claim: Claim | None = None
        self._plain_failed = False
        """Whether a test failed that judges nothing."""

    @classmethod
    def register(cls, config: pytest.Config, audit: Audit) -> "Glue":
        """Add the glue and the probes' fixtures to a session."""
        glue = cls(audit)
        config.pluginmanager.register(glue, "idprobe-glue")
        config.pluginmanager.register(glue.fixtures(), "idprobe-probes")
        return glue

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
        self.audit.interrupted = True

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
            item.extra_keyword_matches.update({identifier, *self.audit.alike(identifier)})

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
            wanted = not identifiers or (
                any(self.audit.selects(one) for one in identifiers)
                and self.audit.reads(_probes(item))
            )
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
        names: dict[str, None] = {}
        for item in session.items:
            names.update(dict.fromkeys(_probes(item)))
        self.is_empty = not session.items
        if session.items:
            options = self.audit.options
            observes = self.audit.recorded is None and options.keeps_evidence
            files = result_files(options.formats, evidence=observes)
            try:
                self._claim = claim(options.out, files, overwrite=options.overwrite)
                self.audit.observe(names)
            except IdprobeError as error:
                self.error = error
                return True
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Judge: a verdict that is neither satisfied nor violated ends the test here."""
        identifiers = _requirements(item)
        if not identifiers or not isinstance(item, pytest.Function):
            return
        check = _check_id(item)
        claim = (item.function.__doc__ or "").strip().partition("\n")[0]
        found = self.audit.judge(check, claim, identifiers, _probes(item), item.obj)
        self._judged[item.nodeid] = found
        verdict = worst(judgement.verdict for judgement in found)
        match verdict:
            case NotApplicable(because):
                pytest.skip(because)
            case Inconclusive(because) | HarnessFault(because):
                # a traceback would be of ours, and takes pytest longer than all the rest
                pytest.fail(f"{type(verdict).__name__}: {because}", pytrace=False)
            case Satisfied() | Violated():
                item.user_properties.append(("idprobe", [j.requirement.id for j in found]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        """Fail, or warn, as the judgement says; the check itself has run already."""
        if pyfuncitem.nodeid not in self._judged:
            return None
        for judgement in self._judged[pyfuncitem.nodeid]:
            if isinstance(judgement.verdict, Violated):
                _complain(judgement)
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
        elif self._claim is not None:
            session.exitstatus = self._written(self._claim)
        if self._claim is not None:
            self._claim.release()

    def _written(self, ours: Claim) -> int:
        """Write the reports into the folder that is ours; return the exit status."""
        run = self.audit.conclude()
        self.unwritten = write_all(run, ours.folder, self.audit.options.formats)
        if self.unwritten:
            run = replace(run, exit_codes=tuple(dict.fromkeys((HARNESS_FAULT, *run.exit_codes))))
        self.run = run
        others = pytest.ExitCode.TESTS_FAILED if self._plain_failed else pytest.ExitCode.OK
        return run.exit_codes[0] or others

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the report is, or why there is none."""
        for flaw in (*self.uncollected, *([self.error] if self.error else [])):
            terminalreporter.write_line(f"not judged: {flaw}")
        for sentence in (*([NOTHING] if self.is_empty else []), *self.unwritten):
            terminalreporter.write_line(sentence)
        if self.run is not None:
            terminalreporter.write_line(f"report: {self.audit.options.out / 'report.html'}")


def _reader(glue: Glue, name: str) -> Any:
    def read() -> Trace:
        return glue.trace(name)

    read.__name__ = name
    return read


def _complain(judgement: Judgement) -> None:
    said = f"{judgement.requirement.id}: {because_of(judgement.verdict)}"
    if judgement.counts:
        pytest.fail(said, pytrace=False)
    why = f" (declared: {judgement.deviation.because})" if judgement.deviation else " (not counted)"
    warnings.warn(TolerableViolation(said + why), stacklevel=2)


def _requirements(item: pytest.Item) -> tuple[str, ...]:
    return tuple(one for mark in item.iter_markers(MARK) for one in mark.args)


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
