"""Our own HTTP/1.1 sender, for octets and handshakes that no library makes.

The request line, every header line and the body go out as they are given, duplicates, odd spelling
and broken framing included; nothing is added. Each exchange has a connection of its own. What comes
back is read strictly (by h11), bounded in size and in total time.
"""

from idprobe.client.raw.client_hello import OFFERS, Offer
from idprobe.client.raw.connecting import connection_facts
from idprobe.client.raw.means import Framing, How, Means, TlsRange
from idprobe.client.raw.racing import Tracks
from idprobe.client.raw.sending import converse, greet
from idprobe.client.raw.talk import octets

__all__ = [
    "OFFERS",
    "Framing",
    "How",
    "Means",
    "Offer",
    "TlsRange",
    "Tracks",
    "connection_facts",
    "converse",
    "greet",
    "octets",
]
