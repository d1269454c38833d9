"""Resource servers that ask what a token is worth (RFC 7662).

`idprobe load introspection` or `locust -f loadtests/introspection.py` runs it.
"""

from idprobe.load.callers import Introspection
from idprobe.load.locust.users import FlowUser


class ResourceServer(FlowUser):
    """Asks about a token that is alive."""

    caller = Introspection
