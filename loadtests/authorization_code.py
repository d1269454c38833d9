"""Full logins: login, consent, code, redemption with PKCE (RFC 6749 section 4.1).

`idprobe load authorization_code` or `locust -f loadtests/authorization_code.py` runs it.
"""

from idprobe.load.callers import AuthorizationCode
from idprobe.load.locust.users import FlowUser


class Newcomer(FlowUser):
    """Comes in a browser that knows nobody."""

    caller = AuthorizationCode
