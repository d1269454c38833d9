"""Clients that get a token and give it back (RFC 7009).

`idprobe load revocation` or `locust -f loadtests/revocation.py` runs it.
"""

from idprobe.load.callers import Revocation
from idprobe.load.locust.users import FlowUser


class Tidy(FlowUser):
    """Revokes what it got."""

    caller = Revocation
