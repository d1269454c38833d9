import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idprobe.content import content
from idprobe.errors import CatalogueError
from idprobe.formats.schemas import best_error, schema
from idprobe.model.catalogue import (
    Family,
    Level,
    Requirement,
    Situation,
    load_catalogue,
    not_applicable_because,
    selected,
)
from idprobe.model.profile import Client, Profile, Role, Target

FOLDER = content("fixtures", "requirements")
FILES = sorted(FOLDER.glob("*.toml"))
NEEDS = schema("requirements")["$defs"]["requirement"]["properties"]["needs"]["items"]["enum"]
GATING = {"keyword", "definition"}
BLACK_BOX_NEEDS = {"second_client", "public_client", "intrusive", "waiting"}
LOCAL_PATHS = tuple(f"/{name}/" for name in ("work", "home", "root", "tmp", "Users"))
REFERENCE = re.compile(
    r"As for ((?:[A-Z][A-Z0-9-]*-)?[0-9A-Z]+(?:\.[0-9]+)*/[a-z0-9]+(?:-[a-z0-9]+)*)"
)

WEB = Client(
    name="web",
    client_id="web",
    client_secret="web-secret",
    scope="openid api",
    redirect_uris=("https://client.example/cb",),
    roles=frozenset({Role.WEB}),
)
FULL = {
    "issuer": "https://id.example",
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "response_types_supported": ["code"],
    "scopes_supported": ["openid"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
}


@cache
def documents() -> tuple[tuple[Path, dict[str, Any]], ...]:
    """Return every file of the catalogue, read once."""
    return tuple((path, tomllib.loads(path.read_text(encoding="utf-8"))) for path in FILES)


def entries() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for _, document in documents():
        for entry in document["requirement"]:
            yield entry, document


def profile(**members: Any) -> Profile:
    plain: dict[str, Any] = {"issuer": "https://id.example", "clients": {"web": WEB}}
    return Profile(name="test", where="test", **{**plain, **members})


def requirement(*when: str, **members: Any) -> Requirement:
    plain: dict[str, Any] = {
        "id": "RFC1-1/x", "spec": "RFC 1", "title": "", "section": "1", "link": "",
        "level": Level.MUST, "basis": "keyword", "gates": True, "family": Family.OAUTH20,
        "area": "code", "summary": "", "when": when,
    }  # fmt: skip
    return Requirement(**{**plain, **members})


def because(term: str, metadata: dict[str, Any] | None = None, **members: Any) -> str | None:
    situation = Situation(profile(**members), FULL if metadata is None else metadata)
    return not_applicable_because(requirement(term), situation)


# The catalogue that idprobe carries, held to the rules that no schema can say.


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_every_file_meets_the_schema(path: Path) -> None:
    document = dict(documents())[path]

    assert best_error(document, "requirements") is None


def test_ids_are_unique_and_carry_their_section() -> None:
    ids = [entry["id"] for entry, _ in entries()]
    astray = [e["id"] for e, _ in entries() if f"-{e.get('section')}/" not in e["id"]]

    assert len(ids) == len(set(ids)) > 1700
    assert all(one.startswith("contract/") for one in astray)


def test_gates_stands_only_where_it_differs_from_its_default_and_says_why() -> None:
    for entry, head in entries():
        if "gates" in entry:
            assert entry["gates"] != (entry["basis"] in GATING), entry["id"]
            assert entry.get("note"), entry["id"]
            assert "gates" not in head, entry["id"]


def test_needs_are_in_order_and_fit_testable() -> None:
    for entry, _ in entries():
        needs = entry.get("needs", [])
        assert needs == [need for need in NEEDS if need in needs], entry["id"]
        if needs and entry["testable"] == "black-box":
            assert BLACK_BOX_NEEDS & set(needs), entry["id"]


def test_same_as_leads_to_an_entry_that_has_none_itself() -> None:
    by_id = {entry["id"]: entry for entry, _ in entries()}
    chained = [
        name
        for name, entry in by_id.items()
        if "same_as" in entry and "same_as" in by_id.get(entry["same_as"], {"same_as": "absent"})
    ]

    assert chained == []


def test_a_probe_that_refers_to_another_names_one_that_is_there() -> None:
    ids = {entry["id"] for entry, _ in entries()}
    for entry, _ in entries():
        assert "as above" not in entry["probe"].lower(), entry["id"]
        for reference in REFERENCE.findall(entry["probe"]):
            spec = entry["id"].partition("/")[0].rpartition("-")[0]
            is_whole = reference[0].isalpha() and "-" in reference.partition("/")[0]
            assert (reference if is_whole else f"{spec}-{reference}") in ids, entry["id"]


def test_each_entry_says_what_it_protects_itself_by_what_is_the_same_or_by_its_area() -> None:
    catalogue = load_catalogue()
    area = catalogue["RFC6749-5.1/status-200"]
    same = catalogue["OAUTH21-3.2.3/cache-control-no-store"]

    assert [one.id for one in catalogue if not one.protects] == [], (
        "their `area` is none of fixtures/areas.toml (docs/how-to/add-a-check.md)"
    )
    assert area.protects.startswith("Clients that read tokens")
    assert same.fix == catalogue["RFC6749-5.1/cache-control-no-store"].fix != ""


def test_what_weighs_heavily_says_how_to_mend_it() -> None:
    testable = {"black-box", "needs-config"}
    later = {"par", "jar", "jarm", "dpop", "mtls", "device", "token_exchange"}
    later |= {"resource_metadata", "ciba", "fapi2"}

    assert [
        one.id
        for one in load_catalogue()
        if one.severity == "high" and one.testable in testable and one.family not in later
        if not one.fix
    ] == []


def test_links_lead_to_a_section_over_https() -> None:
    for one in load_catalogue():
        if one.family is Family.CONTRACT:
            assert one.link == ""
            continue
        assert re.fullmatch(r"https://[^\s#]+#[^\s#]+", one.link), one.id
        if "rfc-editor.org" in one.link:
            number = re.match(r"RFC(\d+)", one.id)
            kind = "section" if one.section[0].isdigit() else "appendix"
            assert number is not None
            assert one.link.endswith(f"/rfc{number[1]}#{kind}-{one.section}"), one.id


def test_no_file_names_a_path_of_some_machine() -> None:
    astray = [
        path.name
        for path in FILES
        if any(local in path.read_text(encoding="utf-8") for local in LOCAL_PATHS)
    ]

    assert astray == []


@pytest.mark.parametrize("metadata", [{}, FULL], ids=["no metadata", "metadata"])
def test_every_condition_in_the_catalogue_can_be_decided(metadata: dict[str, Any]) -> None:
    situation = Situation(profile(), metadata)

    reasons = [not_applicable_because(one, situation) for one in load_catalogue()]

    assert all(reason is None or len(reason) > 10 for reason in reasons)
    assert None in reasons


def test_the_contract_promises_what_the_profile_schema_names() -> None:
    promised = {one.id for one in load_catalogue() if one.family is Family.CONTRACT}
    named = schema("profile")["properties"]["contract"]["properties"]
    times = {key for key in named if key.endswith("_s")}

    assert promised == {f"contract/{key}" for key in named.keys() - times}


def test_the_profile_schema_names_every_family_but_the_contract() -> None:
    named = schema("profile")["$defs"]["family"]["enum"]

    assert named == [family.value for family in Family if family is not Family.CONTRACT]


# What the catalogue does.


def test_an_entry_has_its_link_and_the_conditions_of_its_file() -> None:
    catalogue = load_catalogue()

    stored = catalogue["RFC6749-5.1/cache-control-no-store"]
    revoked = next(one for one in catalogue if one.id.startswith("RFC7009"))

    assert stored.link == "https://www.rfc-editor.org/rfc/rfc6749#section-5.1"
    assert stored.level is Level.MUST
    assert stored.gates
    assert revoked.when[0] == "metadata:revocation_endpoint"


def test_no_entry_of_a_draft_gates() -> None:
    assert not any(one.gates for one in load_catalogue() if one.family is Family.OAUTH21)


def test_an_unknown_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match=r"did you mean RFC6749-5\.1/cache-control-no-store"):
        load_catalogue()["RFC6749-5.1/cache-control-nostore"]


def test_alike_is_the_whole_group_from_any_of_its_members() -> None:
    catalogue = load_catalogue()
    follower = next(one for one in catalogue if one.same_as)
    chief = catalogue.canonical(follower.id)

    assert catalogue.alike(follower.id) == catalogue.alike(chief) >= {chief, follower.id}


def test_the_catalogue_is_read_once() -> None:
    assert load_catalogue() is load_catalogue()


def test_only_the_families_named_are_selected() -> None:
    chosen = selected(load_catalogue(), ["oidc", "par"], profile())

    assert {one.family for one in chosen} == {Family.OIDC, Family.PAR}


def test_contract_items_are_selected_if_the_profile_has_a_contract() -> None:
    promising = profile(contract={"refresh_token_works": True})

    chosen = selected(load_catalogue(), ["par"], promising)

    assert {one.family for one in chosen} == {Family.CONTRACT, Family.PAR}


def test_an_unknown_standard_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match=r"did you mean oauth2\.0"):
        selected(load_catalogue(), ["oauth20"])


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('level = "MUST"', 'level = "OUGHT"', r"requirement\[0\]\.level: must be one of"),
        ('area = "refresh"', 'aera = "refresh"', "aera: unknown key, did you mean area"),
        ("contract:refresh", "grnt:refresh", r"requirement\[0\]\.when: must match"),
        ("contract:refresh_token_works", "feature:jrm", "unknown feature: did you mean jarm"),
        ('severity = "high"', 'severity = "high"\nsame_as = "x"', "same_as x is not in the"),
    ],
    ids=["level", "key", "kind", "feature", "same_as"],
)
def test_a_catalogue_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, error: str
) -> None:
    text = (FOLDER / "contract.toml").read_text(encoding="utf-8")
    head, *entries = text.split("[[requirement]]")
    entry = next(one for one in entries if "contract/refresh_token_works" in one)
    text = f"{head}[[requirement]]{entry}"
    assert old in text
    (tmp_path / "odd.toml").write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(CatalogueError, match=error):
        load_catalogue(tmp_path)


def test_a_requirement_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "contract.toml").read_bytes()
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_bytes(text)

    with pytest.raises(CatalogueError, match=r"two\.toml: contract/\w+ is in the catalogue twice"):
        load_catalogue(tmp_path)


def test_a_folder_without_requirements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="there are no requirements"):
        load_catalogue(tmp_path)


# When a requirement applies.


@pytest.mark.parametrize(
    "term",
    [
        "grant:authorization_code", "grant:refresh_token", "response_type:code",
        "response_mode:query", "scope:openid", "scope:api", "auth:client_secret_basic",
        "metadata:issuer", "metadata:request_uri_parameter_supported=true",
        "metadata:claims_parameter_supported=false", "client:confidential", "client:secret",
        "metadata:code_challenge_methods_supported",
        "metadata:code_challenge_methods_supported=plain", "profile:rfc9068",
    ],
)  # fmt: skip
def test_what_is_announced_configured_or_unknown_applies(term: str) -> None:
    assert because(term) is None


@pytest.mark.parametrize(
    ("term", "member"),
    [
        ("grant:client_credentials", "grant_types_supported"),
        ("response_type:id_token token", "response_types_supported"),
        ("scope:email", "scopes_supported"),
        ("auth:private_key_jwt", "token_endpoint_auth_methods_supported"),
        ("response_mode:form_post", "response_modes_supported"),
    ],
)
def test_what_neither_metadata_nor_clients_have_does_not_apply(term: str, member: str) -> None:
    value = term.partition(":")[2]
    unused = "and no client of the profile uses it"

    assert because(term) == f"the metadata does not list {value} in {member} {unused}"


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (
            "metadata:revocation_endpoint",
            "the metadata has no revocation_endpoint and [endpoints] of the profile names none",
        ),
        (
            "metadata:claims_parameter_supported=true",
            "the metadata has no claims_parameter_supported, so true is not announced",
        ),
        (
            "metadata:request_uri_parameter_supported=false",
            "the metadata has no request_uri_parameter_supported, whose default is not false",
        ),
        ("client:public", "the profile has no public client"),
        ("profile:oauth21", "the profile does not claim oauth2.1 in standards"),
        ("feature:webfinger", "the profile does not claim webfinger in features"),
        ("feature:oauth_only", "OpenID Connect is among the standards that judge"),
        ("contract:some_key", "[contract] of the profile does not promise some_key"),
    ],
    ids=lambda value: value if ":" in value else "",
)  # fmt: skip
def test_what_is_refuted_says_why(term: str, reason: str) -> None:
    assert because(term) == reason


def test_a_member_that_is_absent_refutes_no_grant() -> None:
    metadata = {"issuer": "https://id.example"}

    assert because("grant:client_credentials", metadata) is None
    assert because("response_type:none", metadata) is None


def test_the_implicit_grant_goes_by_response_types_where_grants_are_not_listed() -> None:
    metadata: dict[str, Any] = {"issuer": "x", "response_types_supported": ["code"]}

    assert because("grant:implicit", metadata) is not None
    assert because("grant:implicit", {**metadata, "response_types_supported": ["token"]}) is None


def test_a_configured_client_outweighs_what_metadata_leave_out() -> None:
    service = Client("s", "s", "secret", grant_types=("client_credentials",), response_types=())

    assert because("grant:client_credentials", clients={"s": service}) is None


def test_words_of_a_response_type_have_no_order() -> None:
    metadata = {**FULL, "response_types_supported": ["token code id_token"]}

    assert because("response_type:code id_token token", metadata) is None


def test_an_endpoint_of_the_profile_counts_as_metadata() -> None:
    endpoints = {"revocation_endpoint": "https://id.example/revoke"}

    assert because("metadata:revocation_endpoint", endpoints=endpoints) is None


def test_nothing_is_refuted_while_no_metadata_were_seen() -> None:
    assert because("metadata:revocation_endpoint", {}) is None
    assert because("feature:dpop", {}) is None


def test_a_server_without_metadata_has_the_endpoints_of_its_profile_alone() -> None:
    endpoints = {"token_endpoint": "https://id.example/token"}

    assert because("metadata:token_endpoint", {}, endpoints=endpoints) is None
    reason = because("metadata:revocation_endpoint", {}, endpoints=endpoints)
    assert reason == "there are no metadata that announce revocation_endpoint"


def test_a_feature_that_the_profile_claims_applies() -> None:
    assert because("feature:resource_indicators", features=("resource_indicators",)) is None


def test_a_promise_applies_only_if_it_is_true() -> None:
    term = "contract:refresh_token_works"

    assert because(term, contract={"refresh_token_works": True}) is None
    assert because(term, contract={"refresh_token_works": False}) is not None


def test_observation_has_the_last_word() -> None:
    observed = {"grant:authorization_code": "it answered unsupported_response_type"}
    situation = Situation(profile(), FULL, observed)

    reason = not_applicable_because(requirement("grant:authorization_code"), situation)

    assert reason == "it answered unsupported_response_type"


def test_all_terms_have_to_hold() -> None:
    both = requirement("grant:authorization_code", "client:public")

    reason = not_applicable_because(both, Situation(profile(), FULL))

    assert reason == "the profile has no public client"


@pytest.mark.parametrize(
    ("members", "applies"),
    [
        ({}, True),
        ({"issuer": "http://127.0.0.1:9400"}, False),
        ({"issuer": "http://[::1]:9400"}, False),
        ({"issuer": "http://id.example"}, True),
        ({"target": Target(tls="terminated-elsewhere")}, False),
    ],
    ids=["https", "loopback", "loopback6", "http", "proxy"],
)
def test_rules_of_the_secure_channel_need_one(members: dict[str, Any], *, applies: bool) -> None:
    secure = requirement(secure_channel=True)

    reason = not_applicable_because(secure, Situation(profile(**members), FULL))

    assert (reason is None) is applies


@pytest.mark.parametrize("term", ["nonsense", "grnt:x", "metadata:isuer", "client:robot", "grant:"])
def test_a_term_that_makes_no_sense_is_an_error(term: str) -> None:
    with pytest.raises(CatalogueError):
        because(term)
