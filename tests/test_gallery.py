"""The starting points for hosted providers: nobody ran them, and they consent to nothing."""

import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from idprobe.content import content
from idprobe.model.profile import Role, consent_missing, load_profile
from tools.manual.listings import remark_of

GALLERY: Final = sorted(content("fixtures", "gallery").glob("*.toml"))
VARIABLE: Final = re.compile(r'env = "([A-Z0-9_]+)"')


def environment_of(path: Path) -> dict[str, str]:
    """Return something for every variable that a file names."""
    names = VARIABLE.findall(path.read_text(encoding="utf-8"))
    addresses = ("_ISSUER", "_URL")
    return {
        name: f"https://{name.lower().replace('_', '-')}.example/"
        if name.endswith(addresses)
        else f"value of {name}"
        for name in names
    }


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: str(path.stem))
def test_a_starting_point_is_a_profile_that_asks_for_consent(path: Path) -> None:
    profile = load_profile(path, environment_of(path))

    assert profile.client_for(Role.WEB) is not None
    assert profile.users
    assert consent_missing(profile, date(2026, 11, 26), frozenset()) is not None
    assert profile.deviations == ()


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: str(path.stem))
def test_a_starting_point_says_that_nobody_ran_it_and_holds_no_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "Not run by us: a starting point, and no statement about it." in remark_of(path)
    assert "Quirks that its documentation tells of" in text
    assert (
        re.findall(r'^(?:client_secret|password|client_id|username) = "', text, re.MULTILINE) == []
    )


def test_there_is_a_gallery() -> None:
    assert len(GALLERY) >= 5
