"""What the reference server remembers, and what it forgets to make room."""

from idprobe_reference.stores import Store, Throttle

LIMIT = 100


class Clock:
    """A clock that stands still until it is moved, and counts who looks at it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.now


def filled(clock: Clock, count: int, *, until: float = 10.0) -> Store[int]:
    """Return a store into which so many entries were put."""
    store: Store[int] = Store(clock, LIMIT)
    for number in range(count):
        store.put(str(number), number, until)
    return store


def test_the_oldest_go_first() -> None:
    store = filled(Clock(), LIMIT + 1)

    assert store.get("0") is None
    assert store.get(str(LIMIT)) == LIMIT
    assert list(store) == list(range(LIMIT + 1 - len(store), LIMIT + 1))


def test_what_is_put_again_is_the_newest() -> None:
    store = filled(Clock(), LIMIT)
    store.put("0", 0, 10.0)

    store.put("more", LIMIT, 10.0)

    assert store.get("0") == 0
    assert store.get("1") is None


def test_what_has_expired_goes_before_what_has_not() -> None:
    clock = Clock()
    store = filled(clock, LIMIT // 2, until=10.0)
    for number in range(LIMIT // 2):
        store.put(f"brief-{number}", number, 1.0)
    clock.now = 2.0

    store.put("more", LIMIT, 10.0)

    assert store.get("0") == 0
    assert len(store) == LIMIT // 2 + 1


def test_room_is_made_for_many_at_once() -> None:
    clock = Clock()
    store = filled(clock, LIMIT)
    clock.looks = 0

    for number in range(LIMIT):
        store.put(f"more-{number}", number, 10.0)

    assert clock.looks <= LIMIT // 10
    assert len(store) <= LIMIT


def test_names_cannot_fill_the_memory_of_failures() -> None:
    throttle = Throttle(Clock(), limit=2)
    for _ in range(2):
        throttle.failed("mallory")
    before = throttle.wait_s("mallory")

    for number in range(10_000):
        throttle.failed(str(number))

    assert before > 0
    assert throttle.wait_s("mallory") == 0
    assert len(throttle.worst) < 10_000
