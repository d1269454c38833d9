"""The wires of a run: each experiment gets one of its own, over the same connections."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import Listener
from idprobe.client.wire import Human, Wire
from idprobe.model.profile import Client, Provider
from idprobe.observe.facts import ServerFacts
from idprobe.observe.recorder import Recorder

__all__ = ["Wires"]

NOBODY: Final = Client("nobody", "")
"""Stands in where a probe acts for no client."""


@dataclass(slots=True, eq=False)
class Wires:
    """Makes wires that share the sender, the login driver and the listener of a run."""

    facts: ServerFacts
    recorder: Recorder
    sender: HttpSender
    human: Human | None = None
    listener: Listener | None = None

    def new(self, client: Client | None, name: str) -> Wire:
        """Return the wire of the experiment of that name, for a client and the first user."""
        profile = self.facts.profile
        user = next(iter(profile.users.values()), None)
        return Wire(
            Provider(profile, self.facts.metadata, client or NOBODY, user),
            self.sender,
            self.human,
            partial(self.recorder.add, name),
            listener=self.listener,
            on_key=self.recorder.vault.hold,
            effort=self.facts.selection.effort(name),
        )
