"""load.html and search.html: a load run, or the search for a limit, as one file.

They are pictures of load.json and search.json and need nothing else, so that a run of last year can
be drawn again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from idprobe.report import words
from idprobe.report.charts.load_charts import search_charts
from idprobe.report.charts.load_section import load_section
from idprobe.report.page import asset, environment, policy_of

__all__ = ["load_html", "search_html", "write_load_page"]


def write_load_page(document: Mapping[str, Any], folder: Path) -> None:
    """Write load.html for a load.json, search.html for a search.json, into a folder."""
    name, page = (
        ("search", search_html(document)) if "trials" in document else ("load", load_html(document))
    )
    (folder / f"{name}.html").write_text(page, encoding="utf-8", newline="\n")


def load_html(document: Mapping[str, Any]) -> str:
    """Return a load.json as a page; the same document gives the same page."""
    target = document["target"]
    load = load_section(document, target["name"], target["issuer"])
    return _rendered(
        "load_page.html.j2",
        load=load,
        target=target,
        scenario=document["scenario"],
        version=document["tool"]["version"],
        kinds=words.KINDS,
    )


def search_html(document: Mapping[str, Any]) -> str:
    """Return a search.json as a page; the same document gives the same page."""
    return _rendered("search.html.j2", search=document, charts=search_charts(document))


def _rendered(template: str, **members: Any) -> str:
    style = asset("report.css")
    return (
        environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 -- our own file, and nothing of a server is in it
            policy=policy_of(style, ""),
            **members,
        )
    )
