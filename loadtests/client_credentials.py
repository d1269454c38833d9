"""Services that ask for tokens of their own (RFC 6749 section 4.4), each anew.

`idprobe load client_credentials` or `locust -f loadtests/client_credentials.py` runs it.
"""

from idprobe.load.callers import ClientCredentials
from idprobe.load.locust.users import FlowUser


class Service(FlowUser):
    """A confidential client that gets an access token and throws it away."""

    caller = ClientCredentials
