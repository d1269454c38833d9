"""Options of `idprobe load` that contradict each other."""

from typing import Any

import click
import pytest
from click.testing import CliRunner
from tests.load.test_schedulers import Getter, context_of

from idprobe.cli import main
from idprobe.errors import UsageError
from idprobe.load.run import command
from idprobe.load.run.command import add_load_command, planned
from idprobe.load.run.contradictions import refuse_contradictions
from idprobe.load.run.plan import Plan
from idprobe.load.run.worker import LoadWorker
from idprobe.model.profile import Profile, bare_profile
from idprobe.setup.targets import resolve


def refused(words: str) -> str:
    """Return what the verb says of a call that it refuses; nothing may be looked up before."""

    def resolve(_: str | None) -> Profile:
        raise AssertionError

    group = click.Group()
    add_load_command(group, resolve, lambda *_: None)
    arguments = ["load", "client_credentials", *words.split()]
    with pytest.raises(UsageError) as error:
        CliRunner().invoke(group, arguments, standalone_mode=False, catch_exceptions=False)
    return str(error.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rate 5/s --web", "--rate has no effect beside --web"),
        ("--web --budget p50<1s", "--budget has no effect beside --web"),
        ("--web --output x", "--output has no effect beside --web"),
        ("--worker-of h:1 --clean", "--clean has no effect beside --worker-of"),
        ("--web --spin", "--spin has no effect beside --web"),
        ("--worker-of h:1 --duration 5s", "--duration has no effect beside --worker-of"),
        ("--search --rate 5/s", "--rate has no effect beside --search"),
        ("--search --repeat 2", "--repeat has no effect beside --search"),
        ("--against b.toml --search", "--against has no effect beside --search"),
        ("--search --master 0.0.0.0:1", "--master has no effect beside --search"),
        ("--repeat 2 --master 0.0.0.0:1 --rate 5/s", "--repeat has no effect beside --master"),
        ("--users 5 --arrivals poisson", "--arrivals has no effect beside --users"),
        ("--search --objective p50<1s --budget p50<1s", "--budget has no effect beside --obj"),
        ("--rate 5/s --objective p50<1s", "--objective has no effect without --search"),
        ("--worker-of h:1 --search-requests 9", "--search-requests has no effect beside --worker"),
        ("--rate 5/s --search-requests 9", "--search-requests has no effect without --search"),
        ("--rate 5/s --search-time 1m", "--search-time has no effect without --search"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(words: str, said: str) -> None:
    assert said in refused(words)


def test_options_that_go_together_are_not_refused() -> None:
    for names in (("search", "objective", "search_time"), ("rate", "repeat", "against"), ("web",)):
        refuse_contradictions({name: name for name in names})


def test_spin_comes_to_the_engine_by_the_plan() -> None:
    words = ["client_credentials", "speakup", "--rate", "5/s"]
    profile = resolve("speakup")

    for more, spins in (([], False), (["--spin"], True)):
        options = main.commands.commands["load"].make_context("load", [*words, *more]).params
        plan = planned(profile, options)
        assert Plan.from_dict(plan.to_dict()) == plan
        assert LoadWorker(context_of("http://127.0.0.1:1"), Getter, plan).engine.spins is spins


def plan_of(*words: str) -> Plan:
    options = main.commands.commands["load"].make_context("load", ["client_credentials", *words])
    return planned(bare_profile("http://127.0.0.1:1"), options.params)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say how much load: either --rate, such as 200/s, or --users N"),
        (("--rate", "5/s", "--users", "2"), "either --rate, such as 200/s, or --users N"),
        (("--rate", "5/s", "--duration", "1441m"), "--duration 1441m is more than a day"),
        (("--rate", "5/s", "--duration", "0s"), "'0s' is no time at all"),
        (("--rate", "5/s for 10s", "--duration", "9s"), "leave --duration out"),
        (
            (
                "--rate",
                "5/s for 1441m",
            ),
            "the ramp of --rate is more than a day",
        ),
        (("--rate", "5/s", "--soak", "2m", "--duration", "9s"), "leave --duration and steps out"),
        (("--rate", "5/s for 10s", "--soak", "2m"), "leave --duration and steps out"),
        (("--rate", "5/s", "--soak", "2s"), "--soak 2s is too short for a trend"),
        (("--rate", "5/s", "--soak", "1441m"), "--soak 1441m is more than a day"),
    ],
)
def test_a_length_or_an_amount_that_is_none_is_told(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as error:
        plan_of(*words)

    assert said in str(error.value)


def test_a_soak_and_a_course_say_how_long_a_run_is() -> None:
    assert plan_of("--users", "2", "--soak", "2m").duration_s == 120
    assert plan_of("--rate", "5/s for 10s, 9/s for 20s").duration_s == 30


def test_nothing_is_cleaned_up_beside_a_page_that_somebody_else_ends() -> None:
    assert "--clean belongs to a run that idprobe ends" in refused("--web --clean")


def test_workers_and_pages_of_locust_get_what_the_command_line_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, ...]] = []
    profile = bare_profile("http://127.0.0.1:1")

    def ran(*words: Any) -> int:
        asked.append(words)
        return len(asked)

    for name in ("run_worker", "run_web"):
        monkeypatch.setattr(command, name, ran)
    group = click.Group()
    add_load_command(group, lambda _: profile, lambda *_: None)

    codes = [
        CliRunner().invoke(group, ["load", "s", *words.split()], standalone_mode=False).return_value
        for words in ("--worker-of boss:5557 --i-may-load id.example", "--web")
    ]

    assert codes == [1, 2]
    assert asked == [
        ("s", profile, ("boss", 5557), frozenset({"id.example"})),
        ("s", profile, 8089, frozenset()),
    ]
