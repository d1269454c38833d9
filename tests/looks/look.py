"""Open our pages in a real browser, at three widths, light and dark; run by `nox -s looks`.

    python look.py CHROMIUM AXE FOLDER PAGE...

Ends with 1 if a page scrolls sideways, asks for anything, complains, runs what a server wrote, or
has a serious finding of axe. Leaves a picture of each, and each page as it prints.
"""

import sys
from pathlib import Path
from typing import Any, Final

from conftest import make_judgement, make_requirement, make_run
from playwright.sync_api import Browser, Dialog, Page, sync_playwright
from tests.reports.test_load_page import document as load_of
from tests.reports.test_load_page import search, window

from idprobe.model.verdict import Satisfied, Violated
from idprobe.report.charts.load_page import load_html, search_html
from idprobe.report.comparison import compared, comparison_html
from idprobe.report.page import page_html
from idprobe.report.record import results_json

WIDTHS: Final = (390, 820, 1280)
SCHEMES: Final = ("light", "dark")
GRAVE: Final = frozenset({"serious", "critical"})
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
)
UNFOLD: Final = """
document.querySelectorAll('details').forEach((one, number) => {
  one.open = number < 12 && one.querySelectorAll('tr').length < 200;
});
"""
"""Opens what a reader opens; axe would look at a thousand rows for minutes."""
EVIL: Final = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "<a href='javascript:alert(4)'>x</a></style></template><script>alert(5)</script>"
)


def hostile(folder: Path) -> list[Path]:
    """Write a page of each kind in which a server attacks wherever it has a say."""
    requirement = make_requirement("RFC6749-5/x")
    words = dict.fromkeys(("check", "claim", "sent", "saw", "curl"), EVIL)
    run = make_run(
        make_judgement(requirement, Violated(EVIL), **words),
        **dict.fromkeys(("target", "issuer", "build"), EVIL),
        notes=(EVIL,),
        metadata={EVIL: EVIL, "grant_types_supported": [EVIL]},
        endpoints={EVIL: EVIL},
        configuration={EVIL: EVIL},
    )
    sound = make_run(make_judgement(requirement, Satisfied()))
    records = [(results_json(run), "a/report.html"), (results_json(sound), "")]
    pages = {
        "hostile-report": page_html(run),
        "hostile-compare": comparison_html(compared(records)),
        "hostile-load": load_html(
            load_of(window(0, 5), window(1, 600), window(2, 600), notes=[EVIL])
        ),
        "hostile-search": search_html(search(ended=EVIL)),
    }
    paths = []
    for name, text in pages.items():
        path = folder / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def flaws_of(page: Page, path: Path, axe: Path, picture: Path) -> list[str]:
    """Open a page with everything in it unfolded; return what is wrong with it."""
    flaws: list[str] = []
    asked: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        flaws.append(f"ran: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismissed)
    page.on("pageerror", lambda error: flaws.append(f"error: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.screenshot(path=picture)
    flaws += flaws_of_search(page)
    page.evaluate(UNFOLD)
    if len(asked) > 1:
        flaws.append(f"asks for {asked[1:]}")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        flaws.append("scrolls sideways")
    page.add_script_tag(path=axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    for one in found["violations"]:
        told = f"axe: {one['id']} ({one['impact']}), {len(one['nodes'])} times"
        print(f"{path.name}: {told}")
        flaws += [told] if one["impact"] in GRAVE else []
    return flaws


def flaws_of_search(page: Page) -> list[str]:
    """Return what is wrong with the search of a page, if it has one."""
    if page.query_selector("#filter") is None:
        return []
    page.fill("#filter", "nothing says this")
    said = page.inner_text("#matches")
    page.fill("#filter", "")
    return [] if said == "0 requirements shown" else [f"search for nothing says {said!r}"]


def looked_at(browser: Browser, paths: list[Path], axe: Path, folder: Path) -> list[str]:
    """Return what is wrong with pages, at any width and in any scheme."""
    flaws = []
    for path in paths:
        name = f"{path.parent.name}-{path.stem}"
        for scheme in SCHEMES:
            for width in WIDTHS:
                # axe is no part of the page, whose policy would not let it in
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
                )
                picture = folder / f"{name}-{scheme}-{width}.png"
                found = flaws_of(context.new_page(), path, axe, picture)
                flaws += [f"{path.name} {scheme} {width}: {flaw}" for flaw in found]
                context.close()
        page = browser.new_page()
        page.goto(path.as_uri())
        page.pdf(path=folder / f"{name}.pdf", format="A4")
        page.close()
    return flaws


def main(chromium: str, axe: str, output: str, *pages: str) -> int:
    """Look at pages and at those of a hostile server; print what is wrong."""
    folder = Path(output).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [*(Path(page).resolve() for page in pages), *hostile(folder)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        flaws = looked_at(browser, paths, Path(axe), folder)
        browser.close()
    for flaw in flaws:
        print(flaw, file=sys.stderr)
    print(f"{len(paths)} pages looked at in {len(SCHEMES) * len(WIDTHS)} ways: {len(flaws)} flaws")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
