import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idprobe.errors import EvidenceError
from idprobe.flows import discover, discover_all, fetch_keys, well_known_urls
from idprobe.model.exchange import Response
from idprobe.model.profile import Profile, Provider

Drive = Callable[..., tuple[list[Any], Any]]


def document(**members: Any) -> Response:
    return Response(200, (("Content-Type", "application/json"),), json.dumps(members).encode())


def profile_of(issuer: str, metadata_url: str | None = None) -> Profile:
    return Profile("op", "op.toml", issuer, metadata_url=metadata_url)


@pytest.mark.parametrize("issuer", ["https://op.test/a/b", "https://op.test/a/b/"])
def test_openid_appends_and_rfc_8414_inserts_the_well_known_path(issuer: str) -> None:
    assert well_known_urls(profile_of(issuer)) == (
        "https://op.test/a/b/.well-known/openid-configuration",
        "https://op.test/.well-known/oauth-authorization-server/a/b",
    )


def test_an_issuer_without_path_has_both_documents_at_its_root() -> None:
    assert well_known_urls(profile_of("https://op.test:8443")) == (
        "https://op.test:8443/.well-known/openid-configuration",
        "https://op.test:8443/.well-known/oauth-authorization-server",
    )


def test_the_metadata_url_of_the_profile_goes_first_and_is_not_repeated() -> None:
    own = "https://op.test/.well-known/oauth-authorization-server"

    urls = well_known_urls(profile_of("https://op.test", own))

    assert urls == (own, "https://op.test/.well-known/openid-configuration")


def test_the_first_document_that_is_a_json_object_is_the_metadata(drive: Drive) -> None:
    answers = [Response(404), document(issuer="https://op.test")]

    sent, found = drive(discover(profile_of("https://op.test")), answers)

    assert found == {"issuer": "https://op.test"}
    assert [request.path for request in sent] == [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ]
    assert all(request.header("accept") == "application/json" for request in sent)


def test_no_document_is_an_evidence_error_that_names_what_was_tried(drive: Drive) -> None:
    with pytest.raises(EvidenceError, match=r"status 404 at /\.well-known/openid-configuration"):
        drive(discover(profile_of("https://op.test")), [Response(404), Response(200, (), b"[]")])


def test_both_documents_are_fetched_when_they_are_asked_for(drive: Drive) -> None:
    answers = [document(a=1), document(b=2)]

    _, found = drive(discover_all(profile_of("https://op.test")), answers)

    assert list(found.values()) == [{"a": 1}, {"b": 2}]


def test_the_key_set_must_have_keys(drive: Drive, provider: Provider) -> None:
    _, keys = drive(fetch_keys(provider), [document(keys=[])])

    assert keys == {"keys": []}
    with pytest.raises(EvidenceError, match="array named keys"):
        drive(fetch_keys(provider), [document(keys="none")])


def test_an_unknown_endpoint_is_an_evidence_error(drive: Drive, provider: Provider) -> None:
    with pytest.raises(EvidenceError, match="jwks_uri"):
        drive(fetch_keys(replace(provider, metadata={})), [])
