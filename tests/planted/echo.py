"""A server that repeats the secrets of its clients in all it says, spelled in every way."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from tests.hostile.wire import Asked, Honest, Writer
from tests.planted.secrets import PLANTED, SPELLINGS

from idprobe_reference.config import speakup_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import UserConfig

__all__ = ["Echo", "planted_server", "profile_text"]

EACH: int = 6
"""So many of the pairs of a secret and a spelling are in each answer."""


class Echo:
    """A mouth that adds secrets to bodies, headers and redirects; `shown` says how many it did."""

    def __init__(self) -> None:
        pairs = [(name, way) for way in SPELLINGS for name in PLANTED]
        self._turn: Iterator[tuple[str, str]] = itertools.cycle(pairs)
        self.pairs = len(pairs)
        self.shown = 0
        self.registered: set[str] = set()
        """The secrets and tokens of the clients that were registered here."""

    async def __call__(self, asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer with the next secrets added."""
        turn = itertools.islice(self._turn, EACH)
        several = [SPELLINGS[way](PLANTED[name]) for name, way in turn]
        self.shown += len(several)
        if asked.path.endswith("/register") and honest.status in {200, 201}:
            made = json.loads(honest.body)
            names = ("client_secret", "registration_access_token")
            self.registered |= {made[name] for name in names if name in made}
        await writer.write(_with(honest, asked, several).octets())


def _with(honest: Honest, asked: Asked, several: list[str]) -> Honest:
    told = " ".join(f"({one})" for one in several)
    kind = next((value for name, value in honest.headers if name.lower() == "content-type"), "")
    body = honest.body
    if "json" in kind and body.startswith(b"{") and ".well-known" not in asked.path:
        members = json.loads(body)
        members["echo"] = told
        if "error" in members:
            members["error_description"] = told
        body = json.dumps(members, ensure_ascii=False).encode()
    elif "html" in kind:
        body = body.replace(b"</body>", f"<p>{told}</p></body>".encode())
    headers = tuple(
        (name, f"{value}&echo={quote(several[0])}" if _lands(name, value) else value)
        for name, value in honest.headers
    )
    short = [one for one in several if one.isascii() and one.isprintable() and len(one) < 2_000]
    more = tuple((f"X-Echo-{number}", f"({one})") for number, one in enumerate(short))
    return replace(honest, headers=(*headers, *more), body=body)


def _lands(name: str, value: str) -> bool:
    return name.lower() == "location" and "client.example" in value and "?" in value


def planted_server(issuer: str) -> ReferenceServer:
    """Return the server of the profile `speakup` with a user for each planted secret."""
    config = speakup_config(issuer)
    users = tuple(
        UserConfig(f"planted-{number}", secret, f"sub-planted-{number}")
        for number, secret in enumerate(PLANTED.values())
    )
    return ReferenceServer(replace(config, users=(*config.users, *users)))


def profile_text(shipped: str, issuer: str) -> str:
    """Return a profile with a user for each planted secret."""
    text = shipped.replace('embedded = "speakup"', f'issuer = "{issuer}"')
    users = (
        f'[users.planted{number}]\nusername = "planted-{number}"\npassword = {_toml(secret)}\n'
        for number, secret in enumerate(PLANTED.values())
    )
    return text + "\n" + "\n".join(users)


def _toml(secret: str) -> str:
    return json.dumps(secret, ensure_ascii=False)
