"""WebFinger: asking a host which issuer looks after a person (Discovery section 2)."""

import contextlib
from typing import Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import NoResponse, Unsuited
from idprobe.model.exchange import Request
from idprobe.probes import Safety, probe

__all__ = ["ISSUER_RELATION", "webfinger_asked"]

ISSUER_RELATION: Final = "http://openid.net/specs/connect/1.0/issuer"
ORIGIN: Final = ("Origin", "https://client.example.org")
ACCEPT: Final = ("Accept", "application/jrd+json, application/json")


@probe(safety=Safety.PASSIVE)
async def webfinger_asked(wire: Wire) -> None:
    """Ask about an account, `account`, and about the issuer, `issuer`; each once more in the clear.

    A page of another origin asks. `STEP-plain` is the same question under http.
    """
    profile = wire.provider.profile
    if "webfinger" not in profile.features:
        raise Unsuited("the profile does not claim webfinger in features")
    parts = urlsplit(profile.issuer)
    user = next(iter(profile.users.values()), None)
    name = user.username.partition("@")[0] if user is not None else "nobody"
    url = f"{parts.scheme}://{parts.netloc}/.well-known/webfinger"
    for step, resource in {
        "account": f"acct:{name}@{parts.netloc}",
        "issuer": profile.issuer,
    }.items():
        asked = Request.get(
            url, (("resource", resource), ("rel", ISSUER_RELATION)), headers=(ACCEPT, ORIGIN)
        )
        await wire.send(asked, step)
        if parts.scheme == "https":
            with contextlib.suppress(NoResponse):
                await wire.send_in_the_clear(asked, f"{step}-plain")
