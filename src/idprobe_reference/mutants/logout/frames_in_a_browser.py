"""Mutants of the page that clients frame, whose scripts say all the words but the right ones.

Only a browser that runs the page can tell.
"""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import csp_hash
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer


def _with_script(page: Response, old: str, new: str) -> Response:
    """Return the framed page with another script, which its policy allows."""
    html = bytes(page.body).decode()
    before = html.partition("<script>")[2].partition("</script>")[0]
    after = before.replace(old, new)
    page.body = html.replace(before, after).encode()
    policy = page.headers["Content-Security-Policy"].replace(csp_hash(before), csp_hash(after))
    page.headers["Content-Security-Policy"] = policy
    page.headers["Content-Length"] = str(len(page.body))
    return page


@mutant("OIDCSM-3.2/match-is-unchanged", medium="browser")
class FrameNeverAgrees(ReferenceServer):
    """The framed page finds every state changed."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        return _with_script(page, "=== parts[1] ?", "=== 'nothing' ?")


@mutant(
    ("OIDCSM-3.2/mismatch-is-changed", "OIDCSM-3.2/op-iframe-recalculates"),
    also={
        "OIDCSM-3.2/op-iframe-checks-origin": "it agrees with strangers too",
        "OIDCSM-3.2/op-iframe-rejects-other-origins": "it agrees with strangers too",
    },
    medium="browser",
)
class FrameAlwaysAgrees(ReferenceServer):
    """The framed page finds every state unchanged."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        return _with_script(page, "=== parts[1] ?", "!== 'nothing' ?")


@mutant("OIDCSM-3.2/malformed-message-is-error", medium="browser")
class FrameHasNoErrors(ReferenceServer):
    """The framed page finds what it cannot read changed."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        return _with_script(page, "let answer = 'error'", "let answer = 'changed' || 'error'")


@mutant(
    ("OIDCSM-3.2/op-iframe-checks-origin", "OIDCSM-3.2/op-iframe-rejects-other-origins"),
    medium="browser",
)
class FrameTakesStrangersForClients(ReferenceServer):
    """The framed page reckons with the client's origin, whoever asks."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        return _with_script(page, "event.origin, state", "'https://client.example', state")


@mutant("OIDCSM-3.2/op-iframe-recalculates", medium="browser")
class FrameRemembers(ReferenceServer):
    """The framed page keeps the state that it saw, and misses the logout."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        old = "const state = found ? found.slice(name.length + 1) : '';"
        new = (
            "if (found) localStorage.kept = found.slice(name.length + 1);"
            " const state = localStorage.kept || '';"
        )
        return _with_script(page, old, new)
