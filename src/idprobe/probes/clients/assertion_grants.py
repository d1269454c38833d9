"""A JWT traded for an access token (RFC 7521 section 4.1, RFC 7523 section 2.1), good and bent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.flows import Tokens, token_request
from idprobe.formats.jose import public_pem, spare_key
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.altered_tokens import altered
from idprobe.probes.steps.client_assertions import (
    ABSENT,
    LIFETIME_S,
    Signer,
    now_s,
    secret_key,
    signing,
)
from idprobe.probes.steps.token_requests import get_tokens, scope_of_its_own

__all__ = [
    "FORGED_ASSERTIONS",
    "INVALID_ASSERTIONS",
    "assertion_grant_faults",
    "assertion_grant_used",
]

GRANT: Final = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
NEEDS: Final = frozenset({Capability.ASSERTION_GRANT, Capability.SIGNED_CLIENT})
ELSEWHERE: Final = "https://elsewhere.idprobe.example/token"
UNKNOWN_SCOPE: Final = "idprobe_no_such_scope"
HOUR_S: Final = 3600
INVALID_ASSERTIONS: Final = (
    "expired", "not-yet", "exp-missing", "foreign-audience", "audience-missing", "other-issuer",
    "issuer-missing", "unknown-subject", "subject-missing",
)  # fmt: skip
FORGED_ASSERTIONS: Final = ("other-key", "signature-altered", "none", "hmac-by-pem")


@dataclass(frozen=True, slots=True)
class Voucher:
    """Makes assertions about the subject of the profile."""

    signer: Signer
    issuer: str
    subject: str

    def assertion(self, *, header: Mapping[str, Any] | None = None, **bent: Any) -> str:
        """Return an assertion, some of its claims bent, and its header."""
        claims = self.signer.claims(**{"iss": self.issuer, "sub": self.subject, **bent})
        return self.signer.signed(claims, **(header or {}))

    def request(self, *assertions: str, scope: str | None = None) -> Request:
        """Return a token request with assertions, by default for the client's own scope."""
        given = tuple(("assertion", one) for one in assertions)
        wanted = scope or scope_of_its_own(self.signer.client)
        form: Pairs = (GRANT, *given, *((("scope", wanted),) if wanted else ()))
        return token_request(self.signer.provider, form)


async def _voucher(wire: Wire) -> Voucher:
    """Return what vouches, after it was proven that it is believed: step `control`."""
    signer = await signing(wire)
    told = wire.provider.profile.assertion_grant
    subject = "" if told is None else told.subject
    issuer = (told.issuer if told is not None else None) or signer.client.client_id
    voucher = Voucher(signer, issuer, subject)
    await _control(wire, voucher)
    return voucher


async def _control(wire: Wire, voucher: Voucher) -> Tokens:
    return await wire.run(get_tokens(voucher.request(voucher.assertion())), "control")


@probe(role=Role.SIGNED, needs=NEEDS, logs_in=True)
async def assertion_grant_used(wire: Wire) -> None:
    """Trade a good assertion: `control`; ask for more scope: `wide`; soon over: `short`."""
    voucher = await _voucher(wire)
    scope = f"{scope_of_its_own(voucher.signer.client) or ''} {UNKNOWN_SCOPE}".strip()
    await wire.send(voucher.request(voucher.assertion(), scope=scope), "wide")
    short = voucher.assertion(exp=now_s() + LIFETIME_S)
    await wire.send(voucher.request(short), "short")


@probe(role=Role.SIGNED, needs=NEEDS, logs_in=True)
async def assertion_grant_faults(wire: Wire) -> None:
    """Trade assertions with one fault each, a step for each, then a good one.

    `missing`, `garbage`, `two-in-one` and `twice` are faults of the parameter; `wrong-client` is a
    good assertion beside credentials that are wrong.
    """
    voucher = await _voucher(wire)
    for step, assertion in _bent(voucher):
        await wire.send(voucher.request(assertion), step)
    await wire.send(voucher.request(), "missing")
    await wire.send(voucher.request("idprobe"), "garbage")
    both = f"{voucher.assertion()} {voucher.assertion()}"
    await wire.send(voucher.request(both), "two-in-one")
    await wire.send(voucher.request(voucher.assertion(), voucher.assertion()), "twice")
    await _wrong_client(wire, voucher)
    await _control(wire, voucher)


def _bent(voucher: Voucher) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, assertion); each is made when it is due."""
    now = now_s()
    claims: dict[str, dict[str, Any]] = {
        "expired": {"iat": now - 2 * HOUR_S, "exp": now - HOUR_S},
        "not-yet": {"nbf": now + HOUR_S, "exp": now + HOUR_S + LIFETIME_S},
        "exp-missing": {"exp": ABSENT},
        "foreign-audience": {"aud": ELSEWHERE},
        "audience-missing": {"aud": ABSENT},
        "other-issuer": {"iss": "idprobe-no-such-issuer"},
        "issuer-missing": {"iss": ABSENT},
        "unknown-subject": {"sub": "idprobe-no-such-subject"},
        "subject-missing": {"sub": ABSENT},
    }
    for step, bent in claims.items():
        yield step, voucher.assertion(**bent)
    signer = voucher.signer
    stranger = spare_key("stranger", str(signer.key["kty"]), signer.key.get("crv"))
    good = signer.claims(iss=voucher.issuer, sub=voucher.subject)
    yield "other-key", signer.signed(good, key=stranger)
    start, _, signature = voucher.assertion().rpartition(".")
    yield "signature-altered", f"{start}.{altered(signature)}"
    yield "none", voucher.assertion(header={"alg": "none"})
    yield "hmac-by-pem", signer.signed(good, key=secret_key(public_pem(signer.key)), alg="HS256")


async def _wrong_client(wire: Wire, voucher: Voucher) -> None:
    """Send a good assertion beside a client assertion that somebody else has signed."""
    signer = voucher.signer
    stranger = spare_key("stranger", str(signer.key["kty"]), signer.key.get("crv"))
    form = voucher.request(voucher.assertion()).form
    kept = tuple(pair for pair in form if not pair[0].startswith("client_"))
    async with wire.guessing(signer.client):
        await wire.send(signer.request(kept, signer.signed(key=stranger)), "wrong-client")
        await signer.control(wire)
