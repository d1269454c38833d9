"""Whom the server calls for a client, and whom it does not."""

import asyncio

import pytest

from idprobe_reference.config import reference_config
from idprobe_reference.outbound import Outbound, OutboundError
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

KEYS_AT = "https://keys.example/jwks"
TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.e30.c2ln"  # ES256, kid x


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/jwks",
        "ftp://client.example/jwks",
        "https://user@client.example/jwks",
        "https://client.example:port/jwks",
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://10.0.0.1/jwks",
        "https://169.254.169.254/latest",
    ],
)
def test_no_private_place_is_called_and_none_in_the_clear(url: str) -> None:
    with pytest.raises(OutboundError, match="this address is not called"):
        asyncio.run(Outbound().get(url, "application/json"))


class Counting(ReferenceServer):
    """Counts who asks for keys, which nobody has."""

    asked = 0

    async def fetched_keys(self, jwks_uri: str) -> None:
        del jwks_uri
        self.asked += 1


def test_keys_that_nobody_has_are_not_asked_for_again_at_once() -> None:
    server = Counting(reference_config("https://idp.test"))
    client = ClientConfig("far", jwks_uri=KEYS_AT)

    for _ in range(3):
        asyncio.run(server.learn_keys(client, TOKEN))

    assert server.asked == 1
    assert server.jwks_of(client) == {"keys": []}
