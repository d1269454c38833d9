"""The traceability pages, and the figures that the verb prints."""

import re
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from idprobe_reference.mutants import MUTANTS
from tools.traceability.__main__ import traceability
from tools.traceability.counting import tallied
from tools.traceability.figures import coverage_of_the_suite
from tools.traceability.pages import write_pages

COVERAGE: Final = coverage_of_the_suite()
BROKEN: Final = {name: mutant.breaks for name, mutant in MUTANTS.items()}


def test_every_requirement_case_and_check_is_on_a_page(tmp_path: Path) -> None:
    text = "".join(page.read_text("utf-8") for page in write_pages(tmp_path, COVERAGE, BROKEN))

    assert [one.id for one in COVERAGE.catalogue if one.id not in text] == []
    assert [check.name for check in COVERAGE.checks if f"`{check.name}`" not in text] == []
    assert [name for name in BROKEN if f"`{name}`" not in text] == []
    rows = [row.id for rows in COVERAGE.anchors.values() for row in rows]
    assert [row for row in rows if f"`{row}`" not in text] == []


def test_every_link_between_the_pages_leads_somewhere(tmp_path: Path) -> None:
    pages = {page.name: page.read_text("utf-8") for page in write_pages(tmp_path, COVERAGE, BROKEN)}

    links = {
        m for text in pages.values() for m in re.findall(r"\]\(([a-z0-9-]+\.md)(#[^)]+)?\)", text)
    }
    lost = [
        (page, anchor)
        for page, anchor in links
        if page not in pages or (anchor and f'id="{anchor[1:]}"' not in pages[page])
    ]
    assert links
    assert lost == []


def test_every_row_of_a_table_has_the_cells_of_its_head(tmp_path: Path) -> None:
    for page in write_pages(tmp_path, COVERAGE, BROKEN):
        lines = page.read_text("utf-8").splitlines()
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")}
        assert len(widths) == 1, page.name


def test_figures_add_up() -> None:
    for tallies in tallied(COVERAGE).values():
        for tally in tallies:
            assert tally.in_scope <= tally.total, tally


def test_the_command_prints_each_source_and_writes_pages(tmp_path: Path) -> None:
    done = CliRunner().invoke(traceability, ["--gaps", "--write", str(tmp_path / "pages")])

    assert done.exit_code == 0, done.output
    for name in ("rfc6749", "oidc-core", "basic", "rp-logout", "OAuch", "Security cases"):
        assert re.search(rf"^  {name}( +\d+){{5}}$", done.output, re.MULTILINE), name
    assert (tmp_path / "pages" / "index.md").is_file()
