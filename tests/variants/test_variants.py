"""A sample of the lenient variants changes no verdict; `nox -s variants` judges all of them."""

import asyncio
import random
from functools import cache
from typing import Final

import pytest
from starlette.types import Message
from tests.variants.compare import (
    Change,
    Compared,
    Verdicts,
    compared,
    interval,
    list_of_changes,
    rates,
    verdicts_of,
)

from idprobe.errors import HarnessError
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.variants import VARIANTS, VariantInfo, variant
from tools.proving.trial import BASE, checks_within

SAMPLE = 2
USUAL = {"code_redeemed", "user_pages", "userinfo_asked", "client_credentials_answer"}
USUAL |= {"implicit_id_token_token", "tokens_introspected", "refreshed"}
"""What clients do all day."""
CHECKS: Final = checks_within({*BASE, *USUAL})
FAULTS: Final = frozenset({"violated", "inconclusive", "harness_fault"})


def test_a_sample_of_variants_changes_no_verdict() -> None:
    seed = random.randrange(10**6)
    known = [name for name, one in VARIANTS.items() if one.medium == "asgi"]
    names = random.Random(seed).sample(known, SAMPLE)

    found = [compared(name) for name in names]

    told = {one.name: [str(change) for change in one.undeclared] for one in found}
    assert told == {name: [] for name in names}, f"seed {seed}"
    assert [one.name for one in found if one.unused] == [], "it declares what does not differ"


@pytest.mark.parametrize("one", VARIANTS.values(), ids=VARIANTS)
def test_what_clients_do_all_day_works_at_each_variant(one: VariantInfo) -> None:
    found = verdicts_of(one.server_class, one.shape, one.medium, one.path, checks=CHECKS)

    faults = {key: why for key, why in found.items() if why[0] in FAULTS}
    assert {key: why for key, why in faults.items() if key not in faults_of(one.shape)} == {}
    assert [name for name, _ in found.values()].count("satisfied") > 100


@cache
def faults_of(shape: str) -> Verdicts:
    """Return what the server itself is found wrong in: what its contract promises beyond reason."""
    found = verdicts_of(ReferenceServer, shape, "asgi", checks=CHECKS)
    return {key: why for key, why in found.items() if why[0] in FAULTS}


def test_there_are_at_least_forty_variants_and_each_says_what_allows_it() -> None:
    assert len(VARIANTS) >= 40
    assert [name for name, one in VARIANTS.items() if not one.freedom or not one.summary] == []


def test_a_second_variant_of_one_name_is_refused() -> None:
    name = next(iter(VARIANTS.values())).server_class.__name__

    with pytest.raises(HarnessError, match="two variants"):
        variant("RFC 6749 section 5.1")(type(name, (ReferenceServer,), {}))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], "invalid_request"),
        ([("response_type", "token")], "unsupported_response_type"),
        ([("response_type", "strange")], "unsupported_response_type"),
    ],
    ids=["none", "of others", "unknown"],
)
def test_a_variant_of_one_error_leaves_the_others_alone(
    asked: list[tuple[str, str]], code: str
) -> None:
    server = VARIANTS["errors-have-the-other-code"].server_class(speakup_config())

    with pytest.raises(AuthorizationFault) as raised:
        server.check_response_type(server.clients["web"], Form(asked))

    assert raised.value.code == code


@pytest.mark.parametrize("name", [None, "members-are-reversed"])
def test_whoever_runs_a_server_is_told_that_it_has_begun_and_ended(name: str | None) -> None:
    server_class = ReferenceServer if name is None else VARIANTS[name].server_class
    asked = iter(("lifespan.startup", "lifespan.shutdown"))
    said: list[str] = []

    async def receive() -> Message:
        return {"type": next(asked)}

    async def send(message: Message) -> None:
        said.append(message["type"])

    async def run() -> None:
        await server_class(reference_config()).app({"type": "lifespan"}, receive, send)

    asyncio.run(run())

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_an_interval_holds_the_rate_and_is_never_nothing() -> None:
    low, high = interval(0, 1000)

    assert low == 0
    assert 0.003 < high < 0.004
    assert interval(500, 1000)[0] < 0.5 < interval(500, 1000)[1]


def test_a_change_that_does_not_come_again_counts_and_is_listed() -> None:
    change = Change("RFC6749-5.1/x", "rfc6749/test_x.py::test_x", "satisfied", "violated", "so")
    names = list(VARIANTS)[:2]
    found = [
        Compared(names[0], 100, (), (), (change,), (), 1.0),
        Compared(names[1], 100, (change,), (), (), (), 1.0),
    ]

    table = rates(found)

    assert "| verdicts changed without right | 1 | 200 | 0.5000% |" in table
    assert "| of these, in one of two runs only | 1 | 200 |" in table
    assert "| variants with such a change | 1 | 2 | 50.0000% |" in table
    assert "| verdicts that differ by right, not counted above | 1 | 200 |" in table
    listed = list(list_of_changes(found))
    assert listed == [f"- {names[0]}, in one of two runs: {change}."]
