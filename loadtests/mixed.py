"""A day of an identity server: all kinds of callers, by the weights of [load.mix].

`idprobe load mixed` or `locust -f loadtests/mixed.py` runs it.
"""

from idprobe.load.callers import Mixed
from idprobe.load.locust.users import FlowUser


class Anybody(FlowUser):
    """Plays one part after the other."""

    caller = Mixed
