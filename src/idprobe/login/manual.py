"""A person logs in: we print the address, open a browser and take the pasted redirect.

One person can do one thing at a time, so these steps queue.
"""

import asyncio
import string
import webbrowser
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

import click

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError
from idprobe.flows import Ending, HumanStep, Landed
from idprobe.model.exchange import Agent, Landing, LandingMode, form_pairs

__all__ = ["landing_from", "openable", "pasted"]

_VISIBLE: Final = string.punctuation
"""What, with letters and digits, stays as it is; quoting `%` too would change the address."""


async def pasted(wire: Wire, step: HumanStep, name: str) -> Ending:
    """Ask a person to log in and to paste the address that the browser ended at.

    Nobody is asked to type a password at an origin that is none of the profile's: raises Refrained.
    """
    wire.sender.allow(replace(step.request, agent=Agent.USER))
    wire.by_hand += 1
    async with wire.sender.guard.guessing("a person"):
        return Landed(await asyncio.to_thread(_ask, step, name))


def _ask(step: HumanStep, name: str) -> Landing:
    who = f" as {step.user.username}" if step.user is not None else ", but do not log in"
    deny = " and REFUSE consent" if step.deny else ""
    address = openable(step.request.url)
    click.echo(f"\n{name}: open this address{who}{deny}:\n\n  {address}\n", err=True)
    webbrowser.open(address)
    while True:
        text = click.prompt("Paste the whole address the browser ended at", err=True)
        try:
            return landing_from(text, step.redirect_uris)
        except EvidenceError as error:
            click.echo(str(error), err=True)


def openable(url: str) -> str:
    """Return the address with all but visible ASCII percent-encoded (RFC 3986, section 2.1).

    Its endpoint comes from the server's metadata: a control character must not reach the terminal.
    """
    return quote(url, safe=_VISIBLE, errors="replace")


def landing_from(url: str, redirect_uris: tuple[str, ...]) -> Landing:
    """Return the landing that an address shows; raises EvidenceError if it is none."""
    parts = urlsplit(url.strip())
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if bare not in {uri.partition("?")[0] for uri in redirect_uris}:
        raise EvidenceError(f"that is not an address at {' or '.join(redirect_uris)}")
    if parts.fragment:
        return Landing(bare, LandingMode.FRAGMENT, form_pairs(parts.fragment))
    return Landing(bare, LandingMode.QUERY, form_pairs(parts.query))
