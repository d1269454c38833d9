import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from idprobe.content import content
from idprobe.errors import EvidenceError
from idprobe.formats.schemas import (
    best_error,
    first_schema_flaw,
    nearest,
    readable,
    schema,
    validate,
)

SOUND: dict[str, Any] = {
    "issuer": "https://id.example",
    "clients": {"web": {"client_id": "a", "client_secret": "s"}},
}


def profile(**members: Any) -> dict[str, Any]:
    return {**SOUND, **members}


@pytest.mark.parametrize(
    "path",
    sorted(content("fixtures", "schemas").glob("*.schema.json")),
    ids=lambda path: str(path.name),
)
def test_every_schema_is_a_sound_schema_of_2020_12(path: Any) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))

    Draft202012Validator.check_schema(found)

    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_sound_document_passes() -> None:
    validate(SOUND, "profile")

    assert best_error(SOUND, "profile") is None


def test_validate_raises_one_line_with_schema_and_place() -> None:
    with pytest.raises(EvidenceError, match=r"^profile: login\.driver: must be one of "):
        validate(profile(login={"driver": "magic"}), "profile")


def test_a_misspelt_key_is_named_before_the_missing_one_it_stands_for() -> None:
    flaw = first_schema_flaw(profile(clients={"web": {"client_idd": "a"}}), "profile")

    assert flaw is not None
    assert str(flaw) == "clients.web.client_idd: unknown key, did you mean client_id?"


def test_an_unknown_key_like_no_other_lists_the_known_ones() -> None:
    error = best_error(profile(target={"zzz": 1}), "profile")

    assert error == "target.zzz: unknown key, known here: authorized_by, until, tls"


def test_a_misspelt_reference_is_seen_as_a_reference() -> None:
    error = best_error(profile(clients={"web": {"client_id": {"evn": "X"}}}), "profile")

    assert error == "clients.web.client_id.evn: unknown key, did you mean env?"


def test_the_form_that_was_meant_speaks_when_no_form_fits() -> None:
    error = best_error(profile(limits={"concurrency": "many"}), "profile")

    assert error == "limits.concurrency: must be a whole number, not text"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"standards": "oidc"}, "standards: must be a list, not text"),
        ({"standards": [1]}, "standards[0]: must be text, not a whole number"),
        ({"issuer": "id.example"}, "issuer: must be an absolute http or https URL"),
        ({"target": {"until": "soon"}}, "target.until: must be a date such as 2027-03-01"),
        ({"limits": {"max_wait_s": -1}}, "limits.max_wait_s: must be at least 0"),
        ({"tls": {"insecure": 1}}, "tls.insecure: must be true or false, not a whole number"),
        ({"deviations": [{"requirement": "x"}]}, "deviations[0].because: is missing: add it"),
        (
            {"endpoints": {"token_endpont": "https://a"}},
            "endpoints.token_endpont: unknown key, did you mean token_endpoint?",
        ),
        (
            {"login": {"driver": "from"}},
            'login.driver: must be one of "form", "browser", "manual"; did you mean "form"?',
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_each_flaw_has_its_sentence(members: dict[str, Any], error: str) -> None:
    assert best_error(profile(**members), "profile") == error


def test_an_error_never_shows_the_value_at_fault() -> None:
    document = profile(clients={"web": {"client_id": "a", "client_secret": ["hunter2hunter2"]}})

    assert "hunter2" not in str(best_error(document, "profile"))


def test_nearest_finds_a_slip_and_nothing_else() -> None:
    known = ["client_id", "client_secret"]

    assert nearest("clientid", known) == "client_id"
    assert nearest("zebra", known) is None


def test_readable_writes_keys_with_dots_and_numbers_in_brackets() -> None:
    assert readable(("deviations", 1, "until")) == "deviations[1].until"


def test_every_property_of_the_profile_is_described() -> None:
    undescribed = [
        name
        for name, rules in schema("profile")["properties"].items()
        if not rules.get("description")
    ]

    assert undescribed == []
