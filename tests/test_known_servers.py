"""The page about real servers names every deviation of their profiles, and no other."""

import re
import tomllib
from pathlib import Path

import pytest

from idprobe.model.catalogue import load_catalogue

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "explanation" / "known-servers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("server", ["node-oidc-provider", "keycloak"])
def test_the_page_argues_each_deviation(server: str) -> None:
    part = PAGE.split(f"## {server}\n")[1].split("\n## ")[0]
    profile = tomllib.loads(
        (ROOT / "fixtures" / "providers" / f"{server}.toml").read_text(encoding="utf-8")
    )
    catalogue = load_catalogue()

    argued = {
        catalogue.canonical(name) for name in re.findall(r"^\| \[([^]]+)\]", part, re.MULTILINE)
    }

    declared = {catalogue.canonical(one["requirement"]) for one in profile["deviations"]}
    assert argued == declared
