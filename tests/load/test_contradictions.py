"""Options of `idprobe load` that contradict each other."""

import click
import pytest
from click.testing import CliRunner
from tests.load.test_pacing import Getter, stage_of

from idprobe import cli
from idprobe.audit import resolve
from idprobe.errors import UsageError
from idprobe.load.command import add_load_command, planned
from idprobe.load.contradictions import refuse_contradictions
from idprobe.load.plan import Plan
from idprobe.load.working import Work
from idprobe.profile import Profile


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
        options = cli.commands.commands["load"].make_context("load", [*words, *more]).params
        plan = planned(profile, options)
        assert Plan.from_dict(plan.to_dict()) == plan
        assert Work(stage_of("http://127.0.0.1:1"), Getter, plan).engine.spins is spins
