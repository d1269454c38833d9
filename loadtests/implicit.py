"""Applications without a backend, whose users are logged in (RFC 6749 section 4.2).

`idprobe load implicit` or `locust -f loadtests/implicit.py` runs it.
"""

from idprobe.load.callers import Implicit
from idprobe.load.locust.users import FlowUser


class Browser(FlowUser):
    """Gets its tokens at the redirect URI."""

    caller = Implicit
