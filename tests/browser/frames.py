"""What only a browser sees of the page that clients frame, and of frames that scripts make."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import Profile
from idprobe.model.verdict import Satisfied, Violated
from idprobe_reference.endpoints.replies import csp_hash
from idprobe_reference.mutants import MUTANTS, MutantInfo
from idprobe_reference.server import ReferenceServer

Served = Callable[..., Profile]
SEEN = [mutant for mutant in MUTANTS.values() if mutant.medium == "browser"]


def verdicts(profile: Profile, file: str, out: Path) -> dict[str, object]:
    """Return the verdicts of the checks of a file by requirement."""
    checks = [check for check in all_checks() if file in check.name]
    found = judged(Audit(profile, Options(out, keeps_evidence=False)), checks)
    return {judgement.requirement.id: judgement.verdict for judgement in found}


def test_the_framed_page_is_sound(served: Served, tmp_path: Path) -> None:
    found = verdicts(served(), "frame_in_a_browser", tmp_path)

    assert {type(verdict) for verdict in found.values()} == {Satisfied}
    assert len(found) == 6


@pytest.mark.parametrize("mutant", SEEN, ids=lambda mutant: str(mutant.name))
def test_a_mutant_wakes_what_it_declares_and_nothing_else(
    served: Served, tmp_path: Path, mutant: MutantInfo
) -> None:
    found = verdicts(served(mutant.server_class), "frame_in_a_browser", tmp_path)

    woken = {name for name, verdict in found.items() if isinstance(verdict, Violated)}
    assert mutant.breaks <= woken <= mutant.breaks | mutant.also.keys(), found


SCRIPT = """
for (const link of document.querySelectorAll('a[data-frame]')) {
  const frame = document.createElement('iframe');
  frame.src = link.href;
  document.body.append(frame);
}
"""


class FramesByScript(ReferenceServer):
    """The page after a logout makes its frames by a script."""

    async def log_out(self, request: Request) -> Response:
        page = await super().log_out(request)
        body = bytes(page.body).replace(b"<iframe src=", b"<a data-frame=1 href=")
        if body != page.body:
            page.body = body.replace(b"</iframe>", b"</a>") + f"<script>{SCRIPT}</script>".encode()
            policy = page.headers["Content-Security-Policy"]
            allowed = policy.replace("script-src 'none'", f"script-src {csp_hash(SCRIPT)}")
            page.headers["Content-Security-Policy"] = allowed
            page.headers["Content-Length"] = str(len(page.body))
        return page


def test_frames_that_scripts_make_are_seen(served: Served, tmp_path: Path) -> None:
    profile = served(FramesByScript)

    found = verdicts(profile, "test_front_channel_logout", tmp_path)

    for name in ("rendered-in-iframe", "iss-and-sid-when-required"):
        assert isinstance(found[f"OIDCFCL-2/{name}"], Satisfied)
    plain = replace(profile, login=replace(profile.login, driver="form"))
    blind = verdicts(plain, "test_front_channel_logout", tmp_path)
    assert not isinstance(blind["OIDCFCL-2/rendered-in-iframe"], Satisfied | Violated)
