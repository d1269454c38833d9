"""Claims in other languages and from other providers (OpenID Connect Core 5.2 and 5.6.2)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.flows import authorize, redeem, userinfo_request
from idprobe.formats.jose import read_jwt
from idprobe.model.profile import Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import plain_scope
from idprobe.probes.tokens.userinfo import USERINFO

__all__ = ["claims_from_elsewhere", "claims_in_languages"]

MOST: Final = 50
NAMES: Final = ("name", "family_name", "given_name", "nickname", "website", "profile")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def claims_from_elsewhere(wire: Wire) -> None:
    """Ask for every claim on offer by name, at `userinfo`; Unsuited if none is from elsewhere."""
    offered = wire.provider.metadata.get("claims_supported")
    names = [one for one in offered if isinstance(one, str)] if isinstance(offered, list) else []
    claims = await _claims(wire, "", claims=_wish(*names[:MOST]))
    if "_claim_names" not in claims:
        raise Unsuited("no claim about the user comes from elsewhere")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def claims_in_languages(wire: Wire) -> None:
    """Ask for claims in each language: `userinfo-tagged`; then for one of them in other ways.

    With its tag in another case it is `userinfo-case`, by claims_locales `userinfo-locale`, and by
    the first part of its tag alone `userinfo-part`.
    """
    offered = wire.provider.metadata.get("claims_locales_supported")
    tags = [one for one in offered if isinstance(one, str)] if isinstance(offered, list) else []
    wanted = [f"{name}#{tag}" for name in NAMES for tag in tags][:MOST]
    found = [name for name in await _claims(wire, "-tagged", claims=_wish(*wanted)) if "#" in name]
    longer = [name for name in found if "-" in name.partition("#")[2]]
    if not longer:
        raise Unsuited("the user has no claim in a language of a region")
    name, _, tag = longer[0].partition("#")
    await _claims(wire, "-case", claims=_wish(f"{name}#{tag.swapcase()}"))
    await _claims(wire, "-locale", claims_locales=tag)
    await _claims(wire, "-part", claims_locales=tag.partition("-")[0])


def _wish(*names: str) -> str:
    return json.dumps({"userinfo": dict.fromkeys(names)})


async def _claims(wire: Wire, suffix: str, **parameters: str) -> Mapping[str, Any]:
    """Log in with these parameters and return what userinfo tells."""
    provider = wire.provider
    asked = authorize(provider, scope=plain_scope(provider), extra=tuple(parameters.items()))
    authorized = await wire.run(asked, f"login{suffix}")
    tokens = await wire.run(redeem(provider, authorized), f"tokens{suffix}")
    request = userinfo_request(provider, tokens.access_token)
    response = await wire.send(request, f"userinfo{suffix}")
    if not response.is_granted:
        raise EvidenceError("userinfo gave nothing")
    if response.media_type == "application/jwt":
        return read_jwt(response.text.strip()).claims
    return response.json_object
