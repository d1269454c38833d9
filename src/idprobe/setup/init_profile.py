"""A first profile for a server, from what it says of itself; secrets are named, never written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import IdprobeError, UsageError
from idprobe.flows import discover
from idprobe.formats.strict_json import well_formed
from idprobe.model.profile import Client, Profile, Provider, Role, bare_profile, is_loopback
from idprobe.setup.registering import fitted
from idprobe.setup.required_clients import WANTED, Wanted

__all__ = ["Beginning", "begin", "profile_name"]

NOBODY: Final = Client("nobody", "")
SCOPES: Final = ("openid", "profile", "email", "offline_access")


@dataclass(frozen=True, slots=True)
class Beginning:
    """The text of a profile, the variables it takes values from, and what else to do."""

    text: str
    variables: tuple[str, ...]
    registers: bool
    needs_consent: bool


def profile_name(issuer: str) -> str:
    """Return a file name for the profile of an issuer."""
    host = urlsplit(issuer).hostname or "server"
    return f"{host.replace(':', '-')}.toml"


async def begin(issuer: str, transport: httpx.AsyncBaseTransport | None = None) -> Beginning:
    """Return the profile that fits a server; raises UsageError if it says nothing of itself."""
    profile = bare_profile(issuer)
    async with HttpSender(profile, transport) as sender:
        wire = Wire(Provider(profile, {}, NOBODY), sender)
        try:
            metadata = await wire.run(discover(profile), "metadata")
        except IdprobeError as error:
            raise UsageError(
                f"{issuer} says nothing of itself: {error}; check the issuer, or write a profile "
                f"with [endpoints] by hand"
            ) from None
    return _beginning(_with_its_issuer(profile, metadata), metadata)


def _with_its_issuer(profile: Profile, metadata: Mapping[str, Any]) -> str:
    """Return the issuer as the server writes it, if that is the one that was asked, else ours."""
    said = metadata.get("issuer")
    same = isinstance(said, str) and said.rstrip("/") == profile.issuer.rstrip("/")
    return str(said) if same else profile.issuer


def _beginning(issuer: str, metadata: Mapping[str, Any]) -> Beginning:
    registers = isinstance(metadata.get("registration_endpoint"), str)
    wanted = [one for one in (fitted(one, metadata) for one in WANTED) if one is not None]
    needs_consent = not is_loopback(issuer)
    active = [] if registers else wanted[:1]
    variables = [name for one in active for name in _variables_of(one)]
    logs_in = any(one.response_types for one in wanted)
    variables += ["USER_NAME", "USER_PASSWORD"] if logs_in else []
    lines = [
        "# Written by `idprobe init` from the metadata of the server.",
        "# Values marked env come from the environment: no secret belongs into this file.",
        f"issuer = {_toml(issuer)}",
        f"standards = {_toml(_standards(metadata))}",
        *_registration(registers=registers),
        *(line for one in active for line in _client(one, metadata)),
        *_more(wanted[len(active) :], metadata, registers=registers),
        *(_user() if logs_in else ()),
        *_target(needs_consent=needs_consent),
    ]
    return Beginning("\n".join(lines) + "\n", tuple(variables), registers, needs_consent)


def _standards(metadata: Mapping[str, Any]) -> list[str]:
    """Return the standards that the metadata speak of; ID tokens are OpenID Connect's."""
    is_oidc = "id_token_signing_alg_values_supported" in metadata
    return ["oauth2.0", *(["oidc"] if is_oidc else []), "bcp"]


def _registration(*, registers: bool) -> Iterator[str]:
    if registers:
        yield from (
            "",
            "# The server registers clients itself: `--register` makes those that the suite wants,",
            "# and deletes them afterwards. Where it asks for a token first:",
            '# initial_access_token = { env = "REGISTRATION_TOKEN" }',
            "[registration]",
        )


def _client(wanted: Wanted, metadata: Mapping[str, Any]) -> Iterator[str]:
    prefix = wanted.name.upper()
    yield ""
    yield f"[clients.{wanted.name}]"
    yield f'client_id = {{ env = "{prefix}_ID" }}'
    if wanted.has_secret:
        yield f'client_secret = {{ env = "{prefix}_SECRET" }}'
    yield f"token_endpoint_auth_method = {_toml(wanted.token_endpoint_auth_method)}"
    yield f"grant_types = {_toml(wanted.grant_types)}"
    yield f"response_types = {_toml(wanted.response_types)}"
    if wanted.response_types:
        yield f'redirect_uris = {{ env = "{prefix}_REDIRECT_URIS" }}'
    scope = _scope(wanted, metadata)
    if scope:
        yield f"scope = {_toml(scope)}"


def _variables_of(wanted: Wanted) -> Iterator[str]:
    prefix = wanted.name.upper()
    yield f"{prefix}_ID"
    if wanted.has_secret:
        yield f"{prefix}_SECRET"
    if wanted.response_types:
        yield f"{prefix}_REDIRECT_URIS"


def _scope(wanted: Wanted, metadata: Mapping[str, Any]) -> str:
    """Return the usual scopes that the server names; none of a server that names none."""
    offered = metadata.get("scopes_supported")
    named = offered if isinstance(offered, list) else []
    usual = [one for one in SCOPES if one in named]
    return " ".join(wanted.scopes(usual))


def _more(
    wanted: Sequence[Wanted], metadata: Mapping[str, Any], *, registers: bool
) -> Iterator[str]:
    """Yield further clients as comments: each wakes up more checks."""
    able = [one for one in wanted if one.role is not Role.SIGNED]
    if able and not registers:
        yield ""
        yield "# Each further client lets more be judged: remove the signs of those that you have."
        for one in able:
            yield from (f"# {line}" if line else "#" for line in _client(one, metadata))


def _user() -> tuple[str, ...]:
    return (
        "",
        "# Who logs in; a second user lets more be judged.",
        "[users.first]",
        'username = { env = "USER_NAME" }',
        'password = { env = "USER_PASSWORD" }',
    )


def _target(*, needs_consent: bool) -> Iterator[str]:
    if needs_consent:
        yield from (
            "",
            "# Who allows the test of this server, and until when. Nothing is sent without it.",
            "# [target]",
            '# authorized_by = "name, ticket"',
            "# until = 2027-12-31",
        )


def _toml(value: Any) -> str:
    """Return a text or a list of texts in JSON, which TOML reads too but for two characters."""
    return json.dumps(well_formed(value), ensure_ascii=False).replace("\x7f", "\\u007f")
