"""Clients that ask who their user is (OpenID Connect Core 1.0, section 5.3).

`idprobe load userinfo` or `locust -f loadtests/userinfo.py` runs it.
"""

from idprobe.load.callers import UserInfo
from idprobe.load.locust.users import FlowUser


class Client(FlowUser):
    """Holds one access token."""

    caller = UserInfo
