"""Mutants of Front-Channel Logout: frames that are missing or wrong, sessions that are alike."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import itertools
from dataclasses import replace
from typing import Any

from idprobe_reference.mutants.bending import bend, having, lacking
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import UserConfig
from idprobe_reference.stores import Session


def _with_links(page: Any) -> Any:
    """Return a page whose frames have become links."""
    page.body = page.body.replace(b"<iframe src=", b"<a href=").replace(b"</iframe>", b"</a>")
    page.headers["Content-Length"] = str(len(page.body))
    return page


for one in (
    ("metadata", "FrontchannelSupportInWords", "Support for sessions is told in words.",
     "OIDCFCL-3/session-support-advertised",
     having(frontchannel_logout_session_supported="yes")),
    ("farewell", "LogoutPageWithoutFrames", "The page after a logout has links, no frames.",
     ("OIDCFCL-2/rendered-in-iframe", "OIDCFCL-3/all-logged-in-rps-contacted"),
     _with_links),
    ("frames", "OneFrameForAll", "The page after a logout has the first client's frame alone.",
     "OIDCFCL-3/all-logged-in-rps-contacted", lambda found: found[:1]),
    ("frames", "FrameQueryIsLost", "The query of frontchannel_logout_uri is dropped.",
     "OIDCFCL-2/uri-query-retained", lambda found: [uri.replace("a=1&", "") for uri in found]),
    ("frame_parameters", "FramesNameTheIssuerAlone", "Frames have iss without sid.",
     ("OIDCFCL-2/iss-and-sid-both-or-neither", "OIDCFCL-2/iss-and-sid-when-required"),
     lacking("sid")),
    ("frame_parameters", "FramesNameNothing", "Frames have neither iss nor sid.",
     "OIDCFCL-2/iss-and-sid-when-required", lacking("iss", "sid")),
    ("frame_parameters", "FramesNameAnotherSession", "sid of frames is another.",
     "OIDCFCL-2/iss-and-sid-when-required", having(sid="another")),
):  # fmt: skip
    bend(*one)


@mutant("OIDCFCL-3/support-advertised", features=["frontchannel_logout"])
class FrontchannelSupportIsANumber(ReferenceServer):
    """frontchannel_logout_supported is 1."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "frontchannel_logout_supported": 1}


@mutant("OIDCFCL-3/sid-per-session", also={"OIDCFCL-5/sid-entropy": "it is repeated"})
class SessionIsTheUser(ReferenceServer):
    """sid is made of the user, whatever the session."""

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        sid = f"{user.sub}-of-this-very-server"
        return replace(super().session_after_login(before, user), sid=sid)


@mutant("OIDCFCL-3/sid-syntax")
class SessionInGreek(ReferenceServer):
    """sid has a letter beyond ASCII."""

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        after = super().session_after_login(before, user)
        return replace(after, sid=f"{after.sid}-ω")


@mutant("OIDCFCL-5/sid-entropy")
class SessionsAreCounted(ReferenceServer):
    """sid is a number that counts upwards."""

    _numbers = itertools.count(1_000_000)

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        after = super().session_after_login(before, user)
        is_new = before.user is None
        return replace(after, sid=str(next(self._numbers)) if is_new else after.sid)
