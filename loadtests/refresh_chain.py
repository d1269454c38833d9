"""Applications that keep a refresh token and trade it for the next (RFC 6749 section 6).

`idprobe load refresh_chain` or `locust -f loadtests/refresh_chain.py` runs it.
"""

from idprobe.load.callers import RefreshChain
from idprobe.load.locust.users import FlowUser


class Application(FlowUser):
    """Holds its own rotating refresh token."""

    caller = RefreshChain
