"""Services that ask for tokens of their own (RFC 6749 section 4.4), each anew.

`idprobe load client_credentials` or `locust -f loadtests/client_credentials.py` runs it.
"""

from idprobe.flows import Flow, Tokens, client_credentials
from idprobe.load.users import FlowUser
from idprobe.profile import Provider, Role


class Service(FlowUser):
    """A confidential client that gets an access token and throws it away."""

    role = Role.SERVICE

    @classmethod
    def flow(cls, provider: Provider) -> Flow[Tokens]:
        """Return one token request; an answer without an access token is a failure."""
        return client_credentials(provider)
