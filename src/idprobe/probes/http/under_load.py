"""What a load run has left: it was made before, by `idprobe load`, and is only shown."""

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.probes import probe


@probe()
async def under_load(wire: Wire) -> None:
    """Show a load run of this server: no experiment of the audit's own."""
    del wire
    raise Unsuited("no load run is shown: make one by `idprobe load`, and give --with-load")
