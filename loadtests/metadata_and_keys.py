"""Resource servers that start: metadata, then keys (RFC 8414, RFC 7517).

`idprobe load metadata_and_keys` or `locust -f loadtests/metadata_and_keys.py` runs it.
"""

from idprobe.load.callers import MetadataAndKeys
from idprobe.load.locust.users import FlowUser


class Starter(FlowUser):
    """Reads both documents."""

    caller = MetadataAndKeys
