"""What a client can ask its user's browser about the session (OIDC Session Management 1.0)."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.interaction import Interaction
from idprobe_reference.endpoints.pages import FRAME_SOURCE, render
from idprobe_reference.endpoints.replies import page_reply

__all__ = ["SessionFrames"]

_SHOWN_TO_ALL: Final = ("X-Frame-Options", "Referrer-Policy")


class SessionFrames(Interaction):
    """The page that clients load in a frame to learn of logouts (section 3.2)."""

    async def show_frame(self, _request: Request) -> Response:
        """Answer at check_session_iframe: a page that every client may frame."""
        html = render("session", cookie=self.state_cookie_name())
        headers = self.page_headers(script=FRAME_SOURCE)
        policy = headers.get("Content-Security-Policy", "").replace("; frame-ancestors 'none'", "")
        kept = {name: one for name, one in headers.items() if name not in _SHOWN_TO_ALL}
        return page_reply(html, 200, {**kept, "Content-Security-Policy": policy})
