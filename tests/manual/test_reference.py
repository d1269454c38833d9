"""The generated pages of the manual: nothing that they are made of is missing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click
import pytest

from idprobe.cli.main import commands
from idprobe.content import content
from idprobe.formats.schemas import schema
from idprobe.probes import all_probes
from idprobe_reference.mutants import MUTANTS
from tools.manual import REQUIREMENTS, reference_pages
from tools.manual.listings import remark_of
from tools.traceability.figures import coverage_of_the_suite

PAGES: Final = reference_pages()


def keys_of(node: Any) -> Iterator[str]:
    """Yield the key of every property of a schema."""
    if isinstance(node, Mapping):
        yield from node["properties"] if isinstance(node.get("properties"), Mapping) else ()
        for one in node.values():
            yield from keys_of(one)
    elif isinstance(node, list):
        for one in node:
            yield from keys_of(one)


def test_every_verb_and_option_is_in_the_reference() -> None:
    page = PAGES["reference/commands.md"]

    for name, command in commands.commands.items():
        assert f"## idprobe {name}\n" in page
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert [one.name for one in options if f"{one.opts[-1]}" not in page] == []
        assert all(one.help for one in options), name


@pytest.mark.parametrize(
    ("page", "name"), [("profile", "profile"), ("results", "results"), ("load-results", "load")]
)
def test_every_key_of_a_schema_is_in_the_reference(page: str, name: str) -> None:
    text = PAGES[f"reference/{page}.md"]

    keys = set(keys_of(schema(name))) - {"env", "file"}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_every_requirement_mutant_and_probe_is_in_the_reference() -> None:
    catalogue = coverage_of_the_suite().catalogue
    required = "".join(text for path, text in PAGES.items() if path.startswith(REQUIREMENTS))

    assert [one.id for one in catalogue if one.id not in required] == []
    assert [one for one in MUTANTS if f"`{one}`" not in PAGES["reference/mutants.md"]] == []
    assert [one for one in all_probes() if f"`{one}`" not in PAGES["reference/probes.md"]] == []


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    for path, text in PAGES.items():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(cells) == 1, (path, table[:300])


def test_every_shipped_profile_says_what_it_is() -> None:
    paths = [*content("fixtures", "providers").glob("*.toml")]

    assert [path.name for path in paths if not remark_of(path)] == []
