"""Pages of a client that ask a framed page of the server, and tell what it answers."""

import html
import json
from collections.abc import Mapping
from typing import Final

from idprobe.client.wire import TOLD

__all__ = ["NO_ANSWER", "client_page"]

NO_ANSWER: Final = "silence"
"""What is told where no answer came."""

_SCRIPT: Final = """
const asked = %(asked)s;
const frame = document.getElementById('frame');
const said = (message) => new Promise((done) => {
  const heard = (event) => {
    if (event.source !== frame.contentWindow) return;
    removeEventListener('message', heard);
    done(String(event.data).slice(0, 40));
  };
  addEventListener('message', heard);
  frame.contentWindow.postMessage(message, '*');
  setTimeout(() => { removeEventListener('message', heard); done('%(silence)s'); }, 2000);
});
const tell = %(tell)s;
frame.addEventListener('load', async () => {
  for (const [name, message] of Object.entries(asked)) await tell(name, await said(message));
  await tell();
}, { once: true });
frame.src = %(frame)s;
"""
_FETCH: Final = """async (asked, answer) => {
  const told = asked ? '?' + new URLSearchParams({ asked, answer }) : '';
  await fetch('%s' + told);
}"""
_OUTWARDS: Final = "async (asked, answer) => parent.postMessage({ asked, answer }, '*')"
_RELAY: Final = """
const tell = %s;
addEventListener('message', (event) => tell(event.data.asked, event.data.answer));
"""


def client_page(frame: str, asked: Mapping[str, str], *, in_sandbox: bool = False) -> str:
    """Return a page that sends messages to a frame, one after the other, and tells the answers.

    In a sandbox the page that asks has the origin `null`.
    """
    fetch = _FETCH % TOLD
    asking = _page(asked, frame, _OUTWARDS if in_sandbox else fetch)
    if not in_sandbox:
        return asking
    inner = html.escape(asking)
    relay = f"<script>{_RELAY % fetch}</script>"
    return f'<!doctype html>{relay}<iframe sandbox="allow-scripts" srcdoc="{inner}"></iframe>'


def _page(asked: Mapping[str, str], frame: str, tell: str) -> str:
    values = {"asked": json.dumps(asked), "frame": json.dumps(frame)}
    script = _SCRIPT % {**values, "tell": tell, "silence": NO_ANSWER}
    return f'<!doctype html><iframe id="frame"></iframe><script>{script}</script>'
