"""Who looks after a resource (RFC 7033)."""

from typing import Any

import pytest

PLACE = "/.well-known/webfinger"
ISSUER = "http://openid.net/specs/connect/1.0/issuer"


@pytest.mark.parametrize("resource", ["acct:alice@idp.test", "https://idp.test/alice"])
@pytest.mark.parametrize("rel", [None, ISSUER])
def test_a_resource_of_this_host_has_an_issuer(desk: Any, resource: str, rel: str | None) -> None:
    asked = {"resource": resource, **({"rel": rel} if rel else {})}

    found = desk.http.get(PLACE, params=asked)

    assert found.headers["content-type"] == "application/jrd+json"
    assert found.json()["subject"] == resource
    assert found.json()["links"] == [{"rel": ISSUER, "href": "https://idp.test"}]


def test_other_relations_have_no_link(desk: Any) -> None:
    asked = {"resource": "acct:alice@idp.test", "rel": "avatar"}

    assert desk.http.get(PLACE, params=asked).json()["links"] == []


@pytest.mark.parametrize(
    ("resource", "status"),
    [("", 400), ("acct:alice@other.test", 404), ("https://other.test/", 404), ("tel:1", 404)],
)
def test_what_is_of_no_account_here_is_not_found(desk: Any, resource: str, status: int) -> None:
    assert desk.http.get(PLACE, params={"resource": resource}).status_code == status
