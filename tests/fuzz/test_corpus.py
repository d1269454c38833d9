"""Every input that is kept, and some hundred new ones for each target, in an ordinary test run."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.holding import CORPUS, kept_inputs, run
from tests.fuzz.mutating import mutated
from tests.fuzz.targets import TARGETS

MOST_BYTES = 2_048
HANG_S = 60
CORPUS_BYTES = 1_000_000
seeds = st.integers(0, 2**32)
each_target = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """End a test that hangs, in an expression say, where the system can interrupt one."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def end(_number: int, _frame: object) -> None:
        raise TimeoutError(f"an input took more than {HANG_S} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@each_target
def test_what_is_kept_is_no_defect(name: str) -> None:
    kept = kept_inputs(name)
    assert kept, "a target without a first input is searched in the dark"
    for path in kept:
        run(name, path.read_bytes())


@each_target
def test_changed_inputs_are_no_defects(name: str) -> None:
    kept = [path.read_bytes()[:MOST_BYTES] for path in kept_inputs(name)]
    changed = st.builds(mutated, st.sampled_from(kept), st.just(MOST_BYTES), seeds)

    @settings(max_examples=200, derandomize=True, database=None)
    @given(changed | st.binary(max_size=200))
    def holds(data: bytes) -> None:
        run(name, data)

    holds()


def test_corpus_belongs_to_targets_and_is_small() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < CORPUS_BYTES
