"""Clients that authenticate by signed assertions (RFC 7521, RFC 7523): honestly, and otherwise.

Every experiment is followed by a good assertion, so that no client is wrong twice in a row.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from idprobe.client.wire import Wire
from idprobe.flows import basic_credentials, without
from idprobe.formats.jose import (
    encode,
    generate_key,
    public_key,
    public_pem,
    signature_over,
    spare_key,
)
from idprobe.model.exchange import Request, form_encode
from idprobe.model.profile import Capability, Role, host_of
from idprobe.probes import probe
from idprobe.probes.steps.altered_tokens import altered
from idprobe.probes.steps.certificates import certificate_of
from idprobe.probes.steps.client_assertions import (
    ABSENT,
    TYPE,
    Signer,
    now_s,
    sealing,
    secret_key,
    signing,
)
from idprobe.probes.steps.token_requests import WRONG_SECRET, honest_form, honest_tokens

__all__ = [
    "assertion_allowances",
    "assertion_claims",
    "assertion_forms",
    "assertion_of_another_client",
    "assertion_parameters",
    "assertion_signatures",
    "assertions_elsewhere",
    "secret_assertions",
]

SIGNED: Final = frozenset({Capability.SIGNED_CLIENT})
NOBODY: Final = "idprobe-no-such-client"
ELSEWHERE: Final = "https://elsewhere.idprobe.example/token"
SAML: Final = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
TAIL: Final = 8
BRIEF_S: Final = 15
"""Who remembers an empty jti as any other refuses the next one for as long as the first lived."""
TEN_MINUTES_S: Final = 600
YEAR_S: Final = 31_536_000
KIDS: Final = {"quote": "' OR '1'='1", "path": "../../../../etc/passwd", "long": "k" * 10_000}
ENDPOINTS: Final = ("revocation", "introspection")


@probe(needs=SIGNED, logs_in=True)
async def assertion_claims(wire: Wire) -> None:
    """Authenticate by assertions with one claim wrong; a step for each."""
    signer = await signing(wire)
    for step, bent in _bent_claims(signer).items():
        await signer.try_out(wire, step, signer.signed(signer.claims(**bent)))
    for step, name in {"aud-of-host": "Host", "aud-of-forwarded-host": "X-Forwarded-Host"}.items():
        assertion = signer.signed(signer.claims(aud=ELSEWHERE))
        request = signer.request(await honest_form(wire, signer.provider), assertion)
        host = (name, host_of(ELSEWHERE))
        await signer.send(wire, step, request.with_headers(host))


def _bent_claims(signer: Signer) -> dict[str, dict[str, Any]]:
    client_id, audience, now = signer.client.client_id, signer.audience, now_s()
    scheme, _, rest = audience.partition(":")
    past = {"iat": now - TEN_MINUTES_S - 60, "exp": now - TEN_MINUTES_S}
    return {
        "iss-missing": {"iss": ABSENT},
        "iss-other": {"iss": NOBODY},
        "iss-slash": {"iss": f"{client_id}/"},
        "sub-missing": {"sub": ABSENT},
        "sub-other": {"sub": NOBODY},
        "aud-missing": {"aud": ABSENT},
        "aud-foreign": {"aud": ELSEWHERE},
        "aud-slash": {"aud": f"{audience}/"},
        "aud-case": {"aud": f"{scheme.upper()}:{rest}"},
        "aud-prefix": {"aud": audience[:-1]},
        "aud-number": {"aud": 5},
        "aud-empty": {"aud": []},
        "exp-missing": {"exp": ABSENT},
        "exp-past": past,
        "exp-text": {"exp": str(now + 60)},
        "exp-negative": {"iat": -120, "exp": -60},
        "nbf-ahead": {"nbf": now + TEN_MINUTES_S},
        "nbf-text": {"nbf": "soon"},
    }


@probe(needs=SIGNED, logs_in=True)
async def assertion_allowances(wire: Wire) -> None:
    """Authenticate by assertions that a server takes, or need not take; a step for each."""
    signer = await signing(wire)
    provider, now = signer.provider, now_s()
    bent: dict[str, dict[str, Any]] = {
        "jti-empty": {"jti": "", "exp": now + BRIEF_S},
        "unknown-claims": {"idprobe": {"a": 1}, "iat": ABSENT},
        "jti-missing": {"jti": ABSENT},
        "aud-token-endpoint": {"aud": provider.endpoint("token_endpoint")},
        "aud-issuer": {"aud": provider.issuer},
        "aud-array": {"aud": [ELSEWHERE, signer.audience]},
        "exp-far": {"exp": now + 10 * YEAR_S},
        "iat-old": {"iat": now - YEAR_S},
    }
    for step, claims in bent.items():
        await signer.try_out(wire, step, signer.signed(signer.claims(**claims)))
    await signer.try_out(wire, "unknown-header", signer.signed(idprobe=1))
    assertion = signer.signed()
    await wire.send(signer.request(await honest_form(wire, provider), assertion), "first")
    await signer.try_out(wire, "replay", assertion)


@probe(needs=SIGNED, logs_in=True)
async def assertion_signatures(wire: Wire) -> None:
    """Authenticate by assertions that the client did not sign like that; a step for each."""
    signer = await signing(wire)
    for step, assertion in _forgeries(signer):
        await signer.try_out(wire, step, assertion)


def _forgeries(signer: Signer) -> Iterator[tuple[str, str]]:
    """Yield (what was done, assertion); each is made when it is due, as it lives for a minute."""
    stranger = spare_key("stranger", str(signer.key["kty"]), signer.key.get("crv"))
    yield "other-key", signer.signed(key=stranger)
    yield "embedded-key", signer.signed(key=stranger, jwk=public_key(stranger))
    if stranger["kty"] in {"RSA", "EC"}:
        yield "embedded-certificate", signer.signed(key=stranger, x5c=[certificate_of(stranger)])
    for name, kid in KIDS.items():
        yield f"kid-{name}", signer.signed(key=stranger, kid=kid)
    yield "hmac-by-pem", signer.signed(key=secret_key(public_pem(signer.key)), alg="HS256")
    as_text = json.dumps(public_key(signer.key), separators=(",", ":"))
    yield "hmac-by-jwk", signer.signed(key=secret_key(as_text), alg="HS256")
    as_der = b64decode("".join(public_pem(signer.key).splitlines()[1:-1]))
    yield "hmac-by-der", _sealed_by_hand(signer, as_der)
    for name, octets in {
        "nothing": b"",
        "zero": b"\0",
        "name": signer.client.client_id.encode(),
    }.items():
        yield f"hmac-by-{name}", _sealed_by_hand(signer, octets)
    yield "hmac-by-device", _sealed_by_hand(signer, b"", kid="/dev/null")
    yield "none", signer.signed(alg="none")
    yield "none-in-other-case", signer.signed(alg="nOnE", signed_by="none")
    yield "none-in-capitals", signer.signed(alg="NONE", signed_by="none")
    yield "none-as-name", signer.signed(alg="None", signed_by="none")
    yield "alg-empty", signer.signed(alg="", signed_by="none")
    yield "alg-missing", _over(signer, _without_alg(signer))
    unsigned = signer.signed(alg="none").rstrip(".")
    yield "none-with-signature", f"{unsigned}.{signer.signed().split('.')[2]}"
    alg = str(signer.header["alg"])
    yield "alg-in-lower-case", signer.signed(alg=alg.lower(), signed_by=alg)
    named = "PS256" if alg == "RS256" else "RS256"
    yield "alg-of-another", signer.signed(alg=named, signed_by=alg)
    yield "crit-unknown", signer.signed(crit=["idprobe"], idprobe=1)
    yield "crit-b64", _over(signer, _headed(signer, crit=["b64"], b64=False))
    yield "crit-zip", _over(signer, _headed(signer, crit=["zip"], zip="DEF"))
    yield "claims-changed", _crossed(signer)
    header, claims, signature = signer.signed().split(".")
    yield "signature-altered", f"{header}.{claims}.{altered(signature)}"
    yield "signature-missing", f"{header}.{claims}."
    header, claims, signature = signer.signed().split(".")
    yield "signature-cut", f"{header}.{claims}.{signature[:-TAIL]}"
    if alg == "ES256":
        header, claims, _ = signer.signed().split(".")
        yield "signature-of-zeros", f"{header}.{claims}.{encode(bytes(64))}"
        yield "signature-in-der", _in_der(signer)


def _headed(signer: Signer, **header: Any) -> str:
    """Return the first two parts of a good assertion whose header has further members."""
    text = json.dumps({**signer.header, **header}).encode()
    return f"{encode(text)}.{encode(json.dumps(signer.claims()).encode())}"


def _without_alg(signer: Signer) -> str:
    header = {name: value for name, value in signer.header.items() if name != "alg"}
    claims = json.dumps(signer.claims()).encode()
    return f"{encode(json.dumps(header).encode())}.{encode(claims)}"


def _sealed_by_hand(signer: Signer, secret: bytes, **header: Any) -> str:
    """Return an assertion under a MAC that no library would make: its key is trivial."""
    message = _headed(signer, alg="HS256", **header)
    return f"{message}.{encode(hmac.digest(secret, message.encode('ascii'), 'sha256'))}"


def _in_der(signer: Signer) -> str:
    """Return an assertion whose signature is right, and in DER (RFC 7518 section 3.4)."""
    header, claims, signature = signer.signed().split(".")
    octets = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    half = len(octets) // 2
    numbers = (int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big"))
    return f"{header}.{claims}.{encode(encode_dss_signature(*numbers))}"


def _crossed(signer: Signer) -> str:
    """Return the claims of one assertion under the signature of another."""
    header, _, signature = signer.signed().split(".")
    return f"{header}.{signer.signed().split('.')[1]}.{signature}"


@probe(needs=SIGNED, logs_in=True)
async def assertion_forms(wire: Wire) -> None:
    """Authenticate by what is no JWT, or more than one; a step for each."""
    signer = await signing(wire)
    for step, assertion in _malformed(signer):
        await signer.try_out(wire, step, assertion)
    form = await honest_form(wire, signer.provider)
    again = (*form, ("client_assertion", signer.signed()))
    await signer.send(wire, "twice", signer.request(again))


def _malformed(signer: Signer) -> Iterator[tuple[str, str]]:
    yield "garbage", "idprobe"
    parts = signer.signed().split(".")
    members = dict(zip(("protected", "payload", "signature"), parts, strict=True))
    yield "json-serialization", json.dumps(members)
    yield "five-parts", ".".join((*parts, encode(b"idprobe"), encode(b"idprobe")))
    yield "utf-16", signer.signed(json.dumps(signer.claims()).encode("utf-16"))
    yield "two", f"{signer.signed()} {signer.signed()}"
    yield "fourth-part", f"{signer.signed()}.{encode(b'idprobe')}"
    header, payload, _ = signer.signed().split(".")
    yield "not-base64url", _over(signer, f"{header}.{payload[:8]}!{payload[8:]}")
    yield "space-inside", _over(signer, f"{header}.{payload[:8]} {payload[8:]}")
    yield "line-break-inside", _over(signer, f"{header}.{payload[:8]}\n{payload[8:]}")
    claims = json.dumps(signer.claims(), separators=(",", ":"))
    yield "array", signer.signed(f"[{claims}]".encode())
    yield "trailing-letter", signer.signed(f"{claims}x".encode())
    yield "trailing-comma", signer.signed(f"{claims[:-1]},}}".encode())
    head = json.dumps(dict(signer.header), separators=(",", ":"))
    yield "header-trailing-letter", _under(signer, f"{head}x")
    yield "header-trailing-comma", _under(signer, f"{head[:-1]},}}")
    yield "wrong-last-sub", signer.signed(f'{claims[:-1]},"sub":"{NOBODY}"}}'.encode())


def _under(signer: Signer, header: str) -> str:
    """Return a good assertion under the text of a header, well-formed or not."""
    return _over(signer, f"{encode(header.encode())}.{signer.signed().split('.')[1]}")


def _over(signer: Signer, message: str) -> str:
    """Return an assertion whose first two parts are signed as they are, broken or not."""
    return f"{message}.{signature_over(message, signer.key, str(signer.header['alg']))}"


@probe(needs=SIGNED, logs_in=True)
async def assertion_parameters(wire: Wire) -> None:
    """Leave out, replace and add parameters around a good assertion; a step for each."""
    signer = await signing(wire)
    client_id, provider = signer.client.client_id, signer.provider
    wrong_types = {"type-of-saml": SAML, "type-unknown": f"{TYPE}-idprobe"}
    bent: dict[str, Any] = {
        "own-client-id": {"extra": (("client_id", client_id),)},
        "type-missing": {"omit": ("client_assertion_type",)},
        "assertion-missing": {"omit": ("client_assertion",)},
        "secret-too": {"extra": (("client_id", client_id), ("client_secret", WRONG_SECRET))},
    }
    for step, changes in bent.items():
        form = await honest_form(wire, provider)
        await signer.send(wire, step, signer.request(form, **changes))
    for step, value in wrong_types.items():
        form = (*await honest_form(wire, provider), ("client_assertion_type", value))
        request = signer.request(form, omit=("client_assertion_type",))
        await signer.send(wire, step, request)
    form = await honest_form(wire, provider)
    header = basic_credentials(client_id, WRONG_SECRET)
    await signer.send(wire, "header-too", signer.request(form).with_headers(header))
    usual = signer.request(await honest_form(wire, provider))
    await signer.send(wire, "in-query", _in_query(usual))
    form = (*await honest_form(wire, provider), ("client_id", client_id))
    alone = signer.request(form, omit=("client_assertion", "client_assertion_type"))
    await signer.send(wire, "nothing", alone)


def _in_query(request: Request) -> Request:
    """Return the request with its assertion in the request URI alone."""
    names = ("client_assertion", "client_assertion_type")
    moved = tuple(pair for pair in request.form if pair[0] in names)
    kept = without(request.form, *names)
    joint = b"&" if b"?" in request.target else b"?"
    target = request.target + joint + form_encode(moved).encode("ascii")
    return replace(request, target=target, body=form_encode(kept).encode("ascii"))


@probe(others=(Role.SECOND,), needs=SIGNED | {Capability.SECOND_CLIENT}, logs_in=True)
async def assertion_of_another_client(wire: Wire) -> None:
    """Mix up two clients: `client-id`, `iss`, `sub`, `both`; the second works after `both`."""
    signer, second = await signing(wire), wire.acting_as(Role.SECOND)
    other = second.client.client_id
    form = await honest_form(wire, signer.provider)
    request = signer.request(form, extra=(("client_id", other),))
    await signer.send(wire, "client-id", request)
    for step, bent in {"iss": {"iss": other}, "sub": {"sub": other}}.items():
        await signer.try_out(wire, step, signer.signed(signer.claims(**bent)))
    form = await honest_form(wire, signer.provider)
    posing = signer.signed(signer.claims(iss=other, sub=other))
    async with wire.guessing(second.client):
        await wire.send(signer.request(form, posing), "both")
        await honest_tokens(wire, second, "second")


@probe(needs=SIGNED, logs_in=True)
async def assertions_elsewhere(wire: Wire) -> None:
    """Authenticate where tokens are revoked and introspected; steps ENDPOINT-FAULT.

    The faults are `other-key`, `expired`, `nothing`; `good` shows that assertions work there, and
    `replayed` is the same assertion at the token endpoint.
    """
    signer = await signing(wire)
    now = now_s()
    stranger = spare_key("stranger", str(signer.key["kty"]), signer.key.get("crv"))
    named = [name for name in ENDPOINTS if signer.provider.has_endpoint(f"{name}_endpoint")]
    for name in named:
        token = (await signer.control(wire, f"{name}-token")).access_token
        form, endpoint = (("token", token),), f"{name}_endpoint"
        wrong = {
            "other-key": signer.signed(key=stranger),
            "expired": signer.signed(
                signer.claims(iat=now - TEN_MINUTES_S - 60, exp=now - TEN_MINUTES_S)
            ),
        }
        for step, assertion in wrong.items():
            request = signer.request(form, assertion, endpoint=endpoint)
            await signer.send(wire, f"{name}-{step}", request)
        alone = signer.request(
            (*form, ("client_id", signer.client.client_id)),
            omit=("client_assertion", "client_assertion_type"),
            endpoint=endpoint,
        )
        await signer.send(wire, f"{name}-nothing", alone)
        assertion = signer.signed()
        await wire.send(signer.request(form, assertion, endpoint=endpoint), f"{name}-good")
        await signer.try_out(wire, f"{name}-replayed", assertion)


@probe(logs_in=True)
async def secret_assertions(wire: Wire) -> None:
    """Authenticate by assertions under the client's secret; wrong ones too, a step for each."""
    signer = await sealing(wire)
    for step, assertion in _unsealed(signer):
        await signer.try_out(wire, step, assertion)
    await signer.control(wire, "good")


def _unsealed(signer: Signer) -> Iterator[tuple[str, str]]:
    now = now_s()
    yield "other-secret", signer.signed(key=secret_key(WRONG_SECRET))
    yield "none", signer.signed(alg="none")
    yield "by-a-key", signer.signed(key=generate_key("EC"), alg="ES256")
    yield "claims-changed", _crossed(signer)
    yield "aud-foreign", signer.signed(signer.claims(aud=ELSEWHERE))
    yield (
        "exp-past",
        signer.signed(signer.claims(iat=now - TEN_MINUTES_S - 60, exp=now - TEN_MINUTES_S)),
    )
