"""Follow every link of a built site; run by `nox -s docs`.

    python follow.py SITE

Ends with 1 if a link inside the site leads nowhere, or a page would fetch anything from elsewhere.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

FETCHED: Final = (
    ("script[src]", "src"),
    ("img[src]", "src"),
    ("iframe[src]", "src"),
    ("source[src]", "src"),
    ("link[rel=stylesheet]", "href"),
    ("link[rel=icon]", "href"),
    ("link[rel=preconnect]", "href"),
    ("link[rel=preload]", "href"),
)
"""What a browser gets without being asked to; links of text are the reader's to follow."""
IN_STYLE: Final = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//")


def elsewhere(address: str) -> bool:
    """Return whether an address leads out of the site."""
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc)


def leads_nowhere(page: Path, address: str, ids: dict[Path, frozenset[str]]) -> bool:
    """Return whether no file, or no place in it, is where an address inside the site leads."""
    parts = urlsplit(address)
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file():
        return True
    place = unquote(parts.fragment)
    return bool(place) and path in ids and place not in ids[path] and place != "__tabbed"


def flaws_of(page: Path, tree: LexborHTMLParser, ids: dict[Path, frozenset[str]]) -> Iterator[str]:
    """Yield what is wrong with a page."""
    for selector, name in FETCHED:
        for node in tree.css(selector):
            address = node.attributes[name] or ""
            if elsewhere(address) and not address.startswith("data:"):
                yield f"fetches {address}"
            elif not address.startswith("data:") and leads_nowhere(page, address, ids):
                yield f"has no {address}"
    for address in {node.attributes["href"] or "" for node in tree.css("a[href]")}:
        if not elsewhere(address) and leads_nowhere(page, address, ids):
            yield f"leads to {address}"


def main(folder: str) -> int:
    """Look at every page and style of a site; print what is wrong."""
    site = Path(folder).resolve()
    trees = {path: LexborHTMLParser(path.read_bytes()) for path in sorted(site.rglob("*.html"))}
    ids = {
        path: frozenset(node.attributes["id"] or "" for node in tree.css("[id]"))
        for path, tree in trees.items()
    }
    flaws = [
        f"{page.relative_to(site)} {flaw}"
        for page, tree in trees.items()
        for flaw in flaws_of(page, tree, ids)
        if page.name != "404.html"
    ]
    flaws += [
        f"{path.relative_to(site)} fetches from elsewhere"
        for path in sorted(site.rglob("*.css"))
        if IN_STYLE.search(path.read_text(encoding="utf-8"))
    ]
    for flaw in flaws:
        print(flaw, file=sys.stderr)
    print(f"{len(trees)} pages followed: {len(flaws)} flaws")
    return 1 if flaws or not trees else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
