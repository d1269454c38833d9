"""Claims that come from elsewhere: aggregated and distributed (OpenID Connect Core 5.6.2)."""

import functools
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey

from idprobe_reference.core import Core, fresh_secret

__all__ = ["ELSEWHERE", "ClaimSources"]

AGGREGATED: Final[Mapping[str, Any]] = {"shipping_address": {"locality": "Hamburg"}}
DISTRIBUTED: Final = ("credit_score",)
ELSEWHERE: Final = (*AGGREGATED, *DISTRIBUTED)
_PROVIDER: Final = "https://claims.example"


@functools.cache
def _their_key() -> ECKey:
    """Return the key of a claims provider, made once for the process."""
    return ECKey.generate_key("P-256")


class ClaimSources(Core):
    """The decisions about claims that another provider vouches for."""

    def claims_from_elsewhere(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return names and sources of the claims that were asked for by name."""
        if not self.config.claim_sources:
            return {}
        names = {
            **{name: "aggregated" for name in AGGREGATED if name in asked},
            **{name: "distributed" for name in DISTRIBUTED if name in asked},
        }
        if not names:
            return {}
        sources = {source: self.claim_source(source) for source in sorted({*names.values()})}
        return {"_claim_names": names, "_claim_sources": sources}

    def claim_source(self, name: str) -> dict[str, Any]:
        """Return a source: a JWT of the claims provider, or where to ask it."""
        if name == "distributed":
            return {"endpoint": f"{_PROVIDER}/claims", "access_token": fresh_secret()}
        claims = {"iss": _PROVIDER, **self.aggregated_claims()}
        token = jwt.encode({"alg": "ES256"}, claims, _their_key(), algorithms=["ES256"])
        return {"JWT": token}

    def aggregated_claims(self) -> dict[str, Any]:
        """Return what the claims provider vouches for; whom it is about is said outside."""
        return dict(AGGREGATED)
