"""The last control of an experiment that ended in a refusal: that not everything is refused.

What is refused at the end says nothing if everything is. So what the same server served before is
asked for once more, by a request that changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import Provider
from idprobe.observe.facts import KEYS, METADATA
from idprobe.observe.wires import Wires
from idprobe.probes import Probe

__all__ = ["STILL_SERVED", "FinalControls", "ends_refused", "served_before", "still_served"]

STILL_SERVED: Final = "still_served"

REFUSED: Final = 400
AUTHORIZATION: Final = "authorization_endpoint"
ONCE: Final = frozenset({"request", "request_uri"})
"""What a server may take once only."""


@dataclass(slots=True, eq=False)
class FinalControls:
    """The final controls of a run, whose exchanges are recorded together."""

    wires: Wires
    metadata: Exchange | None = None
    """The document of metadata as it was served in the beginning."""
    exchanges: list[Exchange] = field(default_factory=list)

    async def make(self, probe: Probe, wire: Wire) -> None:
        """Let an experiment that ended in a refusal show that not everything is refused now."""
        if not ends_refused(wire.exchanges):
            return
        before = served_before(wire.exchanges, wire.provider) or self.metadata
        if before is None or probe.name in {METADATA, KEYS}:
            return
        control = self.wires.new(None, STILL_SERVED)
        control.exchanges = self.exchanges
        await still_served(control, before, probe.name)


def ends_refused(exchanges: Sequence[Exchange]) -> bool:
    """Return whether the last answer of a server is a refusal, for whatever reason."""
    ours = [one for one in exchanges if one.sender is not Sender.SERVER]
    response = ours[-1].response if ours else None
    return response is not None and response.status >= REFUSED


def served_before(exchanges: Sequence[Exchange], provider: Provider) -> Exchange | None:
    """Return the first authorization request of a browser without cookies that was served.

    It is of a client of the profile: what becomes of others is the experiment's own doing.
    """
    if not provider.has_endpoint(AUTHORIZATION):
        return None
    endpoint = provider.endpoint(AUTHORIZATION)
    lasting = {one.client_id for one in provider.profile.clients.values()}
    for one in exchanges:
        request, response = one.request, one.response
        is_asked = request.method == "GET" and request.url.partition("?")[0] == endpoint
        is_asked = is_asked and request.parameter("client_id") in lasting
        is_plain = request.header("cookie") is None and not ONCE & {n for n, _ in request.query}
        if is_asked and is_plain and response is not None and response.status < REFUSED:
            return one
    return None


async def still_served(wire: Wire, before: Exchange, step: str) -> None:
    """Ask once more for what was served; raises ControlFailed if the status is another now."""
    again = await wire.send(before.request, step)
    if again.status != before.answered.status:
        raise ControlFailed(wire.exchanges[-1], f"{step}: what was served before is refused")
