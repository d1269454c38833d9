"""What mkdocs.yml asks for while the manual is built: pages from the code, pages from the root."""

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tools.manual import REQUIREMENTS, reference_pages
from tools.manual.rates import with_rates

ROOT: Final = Path(__file__).parent
ROOT_PAGES: Final = ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "SECURITY")
OURS: Final = {name: f"{name.lower()}.md" for name in ROOT_PAGES}
PAGES: Final = reference_pages()
SECTIONS: Final = {"How to": "how-to", "Explanation": "explanation"}
"""Where a page goes that mkdocs.yml does not name: to the end of its section."""
OUTSIDE: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./\.\./([^)#]+)\)")
_DECISIONS: Final = "explanation/decisions"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put into the navigation what is generated, and the decisions, by their titles."""
    single = [page for page in PAGES if not page.startswith(f"{REQUIREMENTS}/")]
    several = [page for page in PAGES if page not in single]
    decisions = sorted((ROOT / "docs" / _DECISIONS).glob("*.md"))
    nav = config.nav or []
    nav.insert(3, {"Reference": [*single, {"Requirements": several}]})
    for title, folder in SECTIONS.items():
        (pages,) = (one[title] for one in nav if isinstance(one, dict) and title in one)
        named = {path for page in pages for path in page.values()}
        found = [f"{folder}/{path.name}" for path in sorted((ROOT / "docs" / folder).glob("*.md"))]
        pages.extend(path for path in found if path not in named)
    nav[-1]["Project"].append({"Decisions": [f"{_DECISIONS}/{path.name}" for path in decisions]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and those of the root with their links led into the site."""
    for path, text in PAGES.items():
        files.append(File.generated(config, path, content=text))
    for name, path in OURS.items():
        text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
        files.append(File.generated(config, path, content=_relinked(text)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put in the rates of other pages, and name files of the repository: the site has none."""
    complete = with_rates(markdown, ROOT / "docs" / "explanation")
    return OUTSIDE.sub(r"\1 (`\2`)", complete)


def _relinked(text: str) -> str:
    within = re.sub(r"\]\(docs/", "](", text)
    return re.sub(rf"\]\(({'|'.join(OURS)})\.md\)", lambda m: f"]({OURS[m[1]]})", within)
