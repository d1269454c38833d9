"""The pytest plugin, in a pytest of its own (pytester) against the embedded server."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

pytest_plugins = ["pytester"]

CHECKS: Final = '''
from idprobe.checks import Trace, requirement


@requirement("RFC6749-5.1/cache-control-no-store")
def test_holds(code_redeemed: Trace) -> None:
    """A claim that holds."""
    assert len(code_redeemed) > 0


@requirement("RFC6749-5.1/media-type-json")
def test_fails(code_redeemed: Trace) -> None:
    """A claim that does not hold."""
    assert len(code_redeemed) == 0, "there are exchanges"


@requirement("RFC6749-5.1/pragma-no-cache")
def test_fails_without_weight(code_redeemed: Trace) -> None:
    """A claim that does not gate."""
    assert len(code_redeemed) == 0, "there are exchanges"


@requirement("RFC6749-5.1/status-200")
def test_crashes(code_redeemed: Trace) -> None:
    """A check that is broken."""
    raise RuntimeError("oops")


@requirement("RFC6749-5.1/access-token-present")
def test_cannot_tell(code_redeemed: Trace) -> None:
    """A check whose evidence is not there."""
    code_redeemed["no such step"]


@requirement("RFC8628-3.2/user-code-present")
def test_of_another_standard(code_redeemed: Trace) -> None:
    """A check of a standard that is not selected."""
    assert False
'''


@pytest.fixture(name="run")
def run_(pytester: pytest.Pytester, tmp_path: Path) -> Any:
    """Return a function that runs pytest on our checks and gives result and record."""
    pytester.makepyfile(test_claims=CHECKS)

    def run(*arguments: str) -> tuple[pytest.RunResult, dict[str, Any]]:
        out = tmp_path / "out"
        plugins = ("-p", "no:locust", "-p", "no:respx", "-p", "no:hypothesispytest")
        result = pytester.runpytest_subprocess(
            *plugins, "--idprobe", "reference", "--idprobe-output", str(out), *arguments
        )
        record = out / "results.json"
        found = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
        return result, found

    return run


def verdicts(record: dict[str, Any]) -> dict[str, str]:
    return {j["check"].rpartition("::")[2]: j["verdict"] for j in record["judgements"]}


def test_outcomes_become_verdicts_and_the_exit_status_is_ours(run: Any) -> None:
    result, record = run()

    assert verdicts(record) == {
        "test_holds": "satisfied",
        "test_fails": "violated",
        "test_fails_without_weight": "violated",
        "test_crashes": "harness_fault",
        "test_cannot_tell": "inconclusive",
    }
    result.assert_outcomes(passed=2, failed=3, deselected=1, warnings=1)
    result.stdout.fnmatch_lines(["HarnessFault: *oops", "Inconclusive: *no such step*"])
    result.stdout.no_fnmatch_line("*pytest_pyfunc_call*")
    assert result.ret == 4
    assert record["exit"] == [4, 3, 1]


def test_only_the_probes_of_selected_checks_are_run(run: Any) -> None:
    _, record = run("-k", "holds")

    assert verdicts(record) == {"test_holds": "satisfied"}
    assert record["exit"] == [0]
    assert record["exchanges"] < 20


def test_collecting_sends_nothing(run: Any) -> None:
    result, record = run("--collect-only", "-q")

    assert record == {}
    result.stdout.fnmatch_lines(["*test_holds*"])
    assert result.ret == 0


def test_a_target_that_is_none_is_a_usage_error(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--idprobe", "no-such-target")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*neither a URL, nor a profile file, nor a shipped profile*"])


PLAIN: Final = """
def test_plain() -> None:
    assert sorted("ba") == ["a", "b"]


def test_plain_and_wrong() -> None:
    assert sorted("ba") == ["b", "a"]
"""


def test_tests_that_judge_nothing_are_left_to_pytest(pytester: pytest.Pytester, run: Any) -> None:
    pytester.makepyfile(test_plain=PLAIN)

    result, record = run("test_plain.py")

    result.assert_outcomes(passed=1, failed=1)
    assert record["judgements"] == []


def test_a_failure_that_judges_nothing_fails_the_run(pytester: pytest.Pytester, run: Any) -> None:
    pytester.makepyfile(test_plain=PLAIN)

    result, record = run("-k", "holds or plain")

    assert verdicts(record) == {"test_holds": "satisfied"}
    assert record["exit"] == [0]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_keyword_that_selects_nothing_does_nothing(run: Any, tmp_path: Path) -> None:
    result, record = run("-k", "nothing_of_the_kind")

    result.assert_outcomes(deselected=6)
    result.stdout.fnmatch_lines(["no check is selected: nothing was done"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not record
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("import nothing_of_the_kind\n", "*not judged: test_bad.py: *nothing_of_the_kind*"),
        (
            CHECKS.replace("code_redeemed", "code_redemed"),
            "*not judged: test_bad.py::test_holds: there is no probe code_redemed",
        ),
    ],
    ids=["import", "probe"],
)
def test_a_suite_that_is_not_whole_judges_nothing(
    text: str, flaw: str, pytester: pytest.Pytester, run: Any
) -> None:
    pytester.makepyfile(test_bad=text)

    result, record = run()

    assert (result.ret, record) == (4, {})
    result.stdout.fnmatch_lines([flaw])


def test_a_run_that_would_write_over_another_is_not_made(run: Any, tmp_path: Path) -> None:
    run("-k", "holds")
    (tmp_path / "out" / "results.json").unlink()

    result, record = run("-k", "holds")

    assert (result.ret, record) == (2, {})
    result.stdout.fnmatch_lines(["*not judged: *another run*"])
