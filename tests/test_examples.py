"""The generated examples of a trace: which there are, and the first that breaks a claim."""

from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Notes, Trace, TraceReader
from idprobe.reading.answers import Flaw
from idprobe.reading.properties.examples import Example, examples_of, first_flaw


def exchange(step: str, status: int = 200) -> Exchange:
    request = Request.get("http://127.0.0.1:9/token")
    return Exchange(request, Response(status), datetime(2026, 1, 1, tzinfo=UTC), 1, step)


def trace(*steps: str) -> Trace:
    return Trace("rules", tuple(exchange(step) for step in steps))


def test_the_examples_come_in_the_order_in_which_they_were_kept() -> None:
    found = trace("control", "2/a", "2/b", "x/a", "1/a/b", "2/c", "control/3")

    assert [one.number for one in examples_of(found)] == [2, 1]
    assert all(one.trace is found for one in examples_of(found))


def test_an_example_has_its_own_steps_alone() -> None:
    found = trace("a", "1/a", "11/b", "1/b/c", "1/a")
    example = Example(found, 1)

    assert list(example) == [found.exchanges[1], found.exchanges[3], found.exchanges[4]]
    assert example["a"] is found.exchanges[4]
    assert "a" in example
    assert "b" not in example
    with pytest.raises(EvidenceError, match="no step '1/b'"):
        _ = example["b"]


def test_the_last_exchange_of_an_example_is_what_its_reader_rests_on() -> None:
    notes = Notes()
    found = TraceReader.of(trace("1/a", "1/b", "2/a"), notes)

    assert Example(found, 1).last is found.exchanges[1]
    assert notes.taken == [found.exchanges[1]]


def test_an_example_that_sent_nothing_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match=r"^example 3 of rules sent nothing$"):
        _ = Example(trace("1/a"), 3).last


def flaw_of(example: Example) -> Flaw | None:
    """Call 3 and 4 flawed, and 7 and 8 what cannot be told."""
    if example.number in {7, 8}:
        raise EvidenceError(f"no telling of {example.number}")
    return Flaw(f"{example.number} is flawed") if example.number in {3, 4} else None


def test_the_first_flaw_is_told() -> None:
    assert first_flaw(trace("1/a", "4/a", "3/a"), flaw_of) == "4 is flawed"
    assert first_flaw(trace("1/a", "2/a"), flaw_of) is None


def test_a_flaw_weighs_more_than_a_doubt_before_it() -> None:
    assert first_flaw(trace("7/a", "3/a", "8/a"), flaw_of) == "3 is flawed"


def test_without_a_flaw_the_first_doubt_is_told() -> None:
    with pytest.raises(EvidenceError, match="no telling of 8"):
        first_flaw(trace("1/a", "8/a", "7/a", "2/a"), flaw_of)


def test_a_trace_without_examples_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match=r"^rules tried no example$"):
        first_flaw(trace("control"), flaw_of)
