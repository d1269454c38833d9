"""The histories of the textbooks, and what must hold of every history."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError
from idprobe.lifecycle import Call, is_linearizable, order_of, shortest

Operation = tuple[str, int]
Queue = tuple[int, ...]
EMPTY: Queue = ()


def register(state: int, operation: Operation) -> int | None:
    """A register: it is written, and read as it was written last."""
    name, value = operation
    if name == "write":
        return value
    return state if value == state else None


def queue(state: Queue, operation: Operation) -> Queue | None:
    """A queue: what was put in first comes out first."""
    name, value = operation
    if name == "put":
        return (*state, value)
    return state[1:] if state and state[0] == value else None


def call(begun: int, ended: int, name: str, value: int) -> Call[Operation]:
    return Call(begun, ended, (name, value))


def test_a_write_is_seen_by_a_read_that_overlaps_it_or_is_not() -> None:
    write = call(0, 10, "write", 1)

    assert is_linearizable([write, call(2, 3, "read", 0)], 0, register)
    assert is_linearizable([write, call(2, 3, "read", 1)], 0, register)


def test_a_read_after_a_write_sees_it() -> None:
    assert not is_linearizable([call(0, 1, "write", 1), call(2, 3, "read", 0)], 0, register)


def test_a_value_that_was_seen_is_not_unseen() -> None:
    """Two reads in a row, both within the write: once new, never old again."""
    write, first = call(0, 10, "write", 1), call(1, 3, "read", 1)

    assert not is_linearizable([write, first, call(4, 6, "read", 0)], 0, register)
    assert is_linearizable([write, first, call(2, 6, "read", 0)], 0, register)


def test_the_history_of_the_paper_on_queues_has_an_order() -> None:
    """Two puts overlap, and the second of them comes out first."""
    calls = [
        call(0, 4, "put", 1),
        call(1, 3, "put", 2),
        call(5, 6, "take", 2),
        call(7, 8, "take", 1),
    ]

    assert is_linearizable(calls, EMPTY, queue)


def test_a_queue_that_gives_what_was_put_in_last_has_none() -> None:
    calls = [call(0, 1, "put", 1), call(2, 3, "put", 2), call(4, 5, "take", 2)]

    assert not is_linearizable(calls, EMPTY, queue)


def test_a_queue_that_gives_one_thing_twice_has_none() -> None:
    calls = [call(0, 1, "put", 1), call(2, 6, "take", 1), call(3, 7, "take", 1)]

    assert not is_linearizable(calls, EMPTY, queue)


def test_calls_of_one_moment_overlap() -> None:
    assert is_linearizable([call(0, 5, "write", 1), call(5, 6, "read", 0)], 0, register)


def test_the_shortest_history_holds_only_what_contradicts_itself() -> None:
    noise = [call(100 * n, 100 * n + 150, "write", 7) for n in range(2, 12)]
    bad = [call(0, 1, "write", 1), call(2, 3, "read", 0)]

    assert shortest([*noise, *bad], 0, register) in (bad[1:], bad)


def test_a_search_without_end_is_undecided() -> None:
    calls = [call(0, 100, "write", n) for n in range(20)] + [call(101, 102, "read", 99)]

    with pytest.raises(EvidenceError, match="within 500 steps"):
        is_linearizable(calls, 0, register, bound=500)


CALLS = st.lists(
    st.builds(
        lambda begun, length, name, value: call(begun, begun + length, name, value),
        st.integers(0, 12),
        st.integers(0, 8),
        st.sampled_from(["read", "write"]),
        st.integers(0, 2),
    ),
    max_size=5,
)


def explains(order: tuple[int, ...], calls: list[Call[Operation]]) -> bool:
    """Return whether an order keeps that of time and explains every answer."""
    state: int | None = 0
    for place, number in enumerate(order):
        if any(calls[later].ended < calls[number].begun for later in order[place:]):
            return False
        state = register(state, calls[number].operation) if state is not None else None
    return state is not None


@given(CALLS)
def test_an_order_is_found_just_if_there_is_one(calls: list[Call[Operation]]) -> None:
    found = order_of(calls, 0, register)
    orders = permutations(range(len(calls)))

    assert (found is not None) == any(explains(order, calls) for order in orders)
    assert found is None or explains(tuple(found), calls)
