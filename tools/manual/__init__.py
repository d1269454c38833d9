"""The reference pages of the manual, made from the code, the schemas and the catalogue.

Pure: Markdown by the path of its page below `docs/`. The site (mkdocs.yml) asks for them when it
is built, so that none can be out of date.
"""

from collections.abc import Mapping
from typing import Final

from tools.manual.commands import command_page
from tools.manual.listings import mutant_page, probe_page, profile_page, untested_page
from tools.manual.shapes import schema_page
from tools.traceability.figures import coverage_of_the_suite
from tools.traceability.pages import pages_of

__all__ = ["REQUIREMENTS", "reference_pages"]

REQUIREMENTS: Final = "reference/requirements"
"""The folder of the pages of requirements."""


def reference_pages() -> Mapping[str, str]:
    """Return every generated page by its path."""
    from idprobe_reference.mutants import MUTANTS  # noqa: PLC0415 -- a whole server

    coverage = coverage_of_the_suite()
    broken = {name: sorted(mutant.breaks) for name, mutant in MUTANTS.items()}
    requirements = pages_of(coverage, broken)
    return {
        "reference/commands.md": command_page(),
        "reference/profile.md": schema_page("profile"),
        "reference/results.md": schema_page("results"),
        "reference/load-results.md": schema_page("load"),
        "reference/shipped-profiles.md": profile_page(),
        "reference/probes.md": probe_page(coverage.checks),
        "reference/mutants.md": mutant_page(broken, coverage.catalogue),
        "reference/untested.md": untested_page(coverage),
        **{f"{REQUIREMENTS}/{name}": text for name, text in requirements.items()},
    }
