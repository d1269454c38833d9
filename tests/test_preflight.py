"""What the sentence about refused credentials says."""

import pytest

from idprobe.model.profile import Client
from idprobe.setup.preflight import _hint_of_encoding


@pytest.mark.parametrize(
    ("client_id", "secret", "method", "is_told"),
    [
        ("web", "letters-and-digits-0.9_~", "client_secret_basic", False),
        ("web", "p%20+/=", "client_secret_basic", True),
        ("web client", "plain", "client_secret_basic", True),
        ("web", "p%20+/=", "client_secret_post", False),
    ],
)
def test_who_has_signs_in_a_secret_hears_that_basic_encodes_them(
    client_id: str, secret: str, method: str, *, is_told: bool
) -> None:
    client = Client("web", client_id, client_secret=secret, token_endpoint_auth_method=method)

    hint = _hint_of_encoding(client)

    assert ("section 2.3.1" in hint) is is_told
    assert secret not in hint
