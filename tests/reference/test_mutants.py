import re
from typing import Any

import pytest

from idprobe.errors import HarnessError, UsageError
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.mutants import MUTANTS, MutantInfo, mutant, mutant_named
from idprobe_reference.mutants.registry import CONSEQUENCES
from idprobe_reference.names import kebab_case
from idprobe_reference.server import ReferenceServer
from idprobe_reference.variants import VARIANTS
from idprobe_reference.variants.registry import VariantInfo

ID = re.compile(r"[A-Z][A-Z0-9-]*-[0-9A-Z.]+/[a-z0-9-]+|contract/[a-z_]+")


def each_mutant() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("info", MUTANTS.values(), ids=lambda info: info.name)


def test_there_are_many_mutants_spread_over_both_configurations() -> None:
    assert len(MUTANTS) >= 1100
    assert {info.profile for info in MUTANTS.values()} == {"reference", "speakup"}


def test_a_second_mutant_of_one_name_is_refused() -> None:
    namesake = type("NonceIsLost", (ReferenceServer,), {})

    with pytest.raises(HarnessError, match="nonce-is-lost"):
        mutant("RFC6749-5.1/status-200")(namesake)


@pytest.mark.parametrize("info", [*MUTANTS.values(), *VARIANTS.values()], ids=lambda one: one.name)
def test_the_words_of_a_name_give_back_the_class(info: MutantInfo | VariantInfo) -> None:
    words = info.name.split("-")

    assert "".join(word.capitalize() for word in words) == info.server_class.__name__
    assert kebab_case(info.server_class.__name__) == info.name


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("RefreshTokensHaveAGrace", "refresh-tokens-have-a-grace"),
        ("ReplayIsABadGrant", "replay-is-a-bad-grant"),
        ("CodesHave144Bits", "codes-have-144-bits"),
        ("InvalidClientIs400", "invalid-client-is-400"),
        ("AbsentMethodMeansS256", "absent-method-means-s256"),
        ("NothingNewerThanTls11", "nothing-newer-than-tls11"),
    ],
)
def test_a_letter_and_a_number_are_words_and_a_standard_is_one(class_name: str, name: str) -> None:
    assert kebab_case(class_name) == name


def test_each_consequence_is_of_a_mutant_that_there_is() -> None:
    assert CONSEQUENCES.keys() - MUTANTS.keys() == set()


@each_mutant()
def test_mutant_overrides_few_methods_of_the_server(info: MutantInfo) -> None:
    ancestry = info.server_class.__mro__
    bent = ancestry[: ancestry.index(ReferenceServer)]
    own = {name for one in bent for name in vars(one) if not name.startswith("_")}

    assert 1 <= len(own & set(dir(ReferenceServer))) <= 4


@each_mutant()
def test_mutant_names_what_it_breaks_and_says_what_it_does(info: MutantInfo) -> None:
    assert info.breaks
    assert all(ID.fullmatch(requirement) for requirement in {*info.breaks, *info.also})
    assert not info.breaks & set(info.also)
    assert info.summary.endswith(".")


@each_mutant()
def test_mutant_still_serves_its_metadata(info: MutantInfo, make_desk: Any) -> None:
    config = reference_config if info.profile == "reference" else speakup_config

    desk = make_desk(config("https://idp.test"), info.server_class)

    assert desk.http.get("/.well-known/openid-configuration").status_code == 200
    assert desk.http.get("/jwks").status_code == 200


def test_mutant_is_found_by_either_name_and_the_nearest_is_suggested() -> None:
    assert mutant_named("nonce-is-lost") is mutant_named("NonceIsLost")
    with pytest.raises(UsageError, match="did you mean nonce-is-lost"):
        mutant_named("nonce-is-list")


@pytest.mark.parametrize(
    ("name", "works"),
    [("codes-can-be-replayed", True), ("replay-leaves-tokens", False)],
)
def test_code_mutants_do_what_they_say(make_desk: Any, name: str, *, works: bool) -> None:
    desk = make_desk(reference_config("https://idp.test"), mutant_named(name).server_class)
    code = desk.answer()["code"]
    first = desk.redeem(code).json()

    replay = desk.redeem(code)

    assert (replay.status_code == 200) == works
    assert desk.userinfo(first["access_token"]).status_code == 200
