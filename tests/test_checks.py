"""The words of checks: what a check is marked with, and what is wrong with a document."""

from idprobe.checks import contract, flaw_by_schema, requirement
from idprobe.judge.collect import requirements_of


def test_a_check_is_marked_with_all_that_it_judges_and_stays_itself() -> None:
    def check() -> None: ...

    marked = requirement("X-1/a", "X-2/b")(check)

    assert marked is check
    assert requirements_of(check) == ("X-1/a", "X-2/b")


def test_a_promise_is_a_requirement_of_the_contract() -> None:
    def check() -> None: ...

    marked = contract("one", "another")(check)

    assert marked is check
    assert requirements_of(check) == ("contract/one", "contract/another")


def test_what_is_wrong_with_a_document_is_told_and_nothing_else() -> None:
    sound = {"issuer": "https://id.example"}

    assert flaw_by_schema(sound, "profile") is None
    assert (
        flaw_by_schema({**sound, "issuer": 7}, "profile")
        == "issuer: must be text, not a whole number"
    )
