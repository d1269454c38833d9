"""Users who are logged in and get code after code on their session (RFC 6749 section 4.1).

`idprobe load authorization_code_session` runs it, or
`locust -f loadtests/authorization_code_session.py`.
"""

from idprobe.load.callers import AuthorizationCodeSession
from idprobe.load.locust.users import FlowUser


class Regular(FlowUser):
    """Logs in once."""

    caller = AuthorizationCodeSession
