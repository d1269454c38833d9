"""Properties of credentials at the token endpoint and of the Bearer header, near the right ones."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import redeem, userinfo_request
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.authorization_request import approval
from idprobe.probes.steps.edits import Edit, edits
from idprobe.probes.steps.token_requests import honest_form, honest_tokens, with_secret
from idprobe.reading.properties.encodings import flaw_not_refused_with
from idprobe.reading.properties.tampered import flaw_forged_token_accepted, flaw_token_refused

__all__ = [
    "bearer_headers_malformed",
    "bearer_headers_spelled",
    "client_ids_nearly_right",
    "secrets_nearly_right",
]

SERVICE: Final = frozenset({Capability.CLIENT_CREDENTIALS})
USERINFO: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.USERINFO})
KINDS: Final = (
    "space", "case", "replace", "append", "cut", "behead", "prepend", "delete", "twice",
    "space before", "newline", "nul",
)  # fmt: skip


def near_misses(provider: Provider) -> SearchStrategy[Edit]:
    """Return what is done to a credential; raises Unsuited where the client has no secret."""
    if provider.client.client_secret is None:
        raise Unsuited(f"the client {provider.client.name} has no secret")
    return edits(*KINDS)


@searched(
    near_misses,
    flaw_not_refused_with("invalid_client", "invalid_request"),
    role=Role.SERVICE,
    needs=SERVICE,
)
async def secrets_nearly_right(wire: Wire, edit: Edit) -> None:
    """Authenticate with a secret that is almost right; then with the right one, and wrongly last.

    So there are never two wrong ones in a row.
    """
    provider = wire.provider
    form = await honest_form(wire, provider)
    wrong = edit.of(provider.client.client_secret or "")
    async with wire.guessing(provider.client):
        await honest_tokens(wire, provider, "right")
        await wire.send(with_secret(provider, form, wrong), "wrong")


@searched(
    near_misses,
    flaw_not_refused_with("invalid_client", "invalid_request"),
    role=Role.SERVICE,
    needs=SERVICE,
)
async def client_ids_nearly_right(wire: Wire, edit: Edit) -> None:
    """Authenticate with the right secret and a client_id that is almost right."""
    provider = wire.provider
    form = await honest_form(wire, provider)
    client_id = edit.of(provider.client.client_id)
    known = {client.client_id for client in provider.profile.clients.values()}
    if client_id in known:
        client_id = f"{client_id}-idprobe"
    request = with_secret(provider, form, provider.client.client_secret or "", client_id)
    await wire.send(request, "wrong")


async def token_used(wire: Wire) -> None:
    """Log in, get a token and use it."""
    response = await wire.send(userinfo_request(wire.provider, await _token(wire)), "control-use")
    if not response.is_granted:
        raise Unsuited("the access token is no good at the userinfo endpoint")


def spellings(_provider: Provider) -> SearchStrategy[str]:
    """Return the scheme in any case (RFC 9110 section 11.1)."""
    letters = [st.sampled_from([one, one.swapcase()]) for one in "Bearer"]
    return st.tuples(*letters).map("".join)


@searched(
    spellings, flaw_token_refused, role=Role.WEB, needs=USERINFO, logs_in=True, control=token_used
)
async def bearer_headers_spelled(wire: Wire, scheme: str) -> None:
    """Use a token behind the scheme in any case."""
    await _use(wire, f"{scheme} {{}}")


def misspellings(_provider: Provider) -> SearchStrategy[str]:
    """Return what is around a token in a header that is no Bearer credential."""
    heads = st.sampled_from(
        ["Bearer {}", "Bearer {}", "Bearer{}", "Bearer={}", "Bearer: {}", "Bearer Bearer {}",
         "Bearer,{}", "Bearer_{}"]
    )  # fmt: skip
    inner = st.sampled_from(
        ['"{}"', "'{}'", "<{}>", "{},", "{} {}", "{},{}", "token={}", 'access_token="{}"',
         "{};", "a{}", "{}=a", "{}"]
    )  # fmt: skip
    return st.tuples(heads, inner).map(lambda two: two[0].replace("{}", two[1])).filter(_is_wrong)


def _is_wrong(header: str) -> bool:
    """Return whether a header of this form is no Bearer credential (RFC 6750 section 2.1)."""
    return header != "Bearer {}"


@searched(
    misspellings,
    flaw_forged_token_accepted,
    role=Role.WEB,
    needs=USERINFO,
    logs_in=True,
    control=token_used,
)
async def bearer_headers_malformed(wire: Wire, header: str) -> None:
    """Use a token in a header that is no Bearer credential, or another one's."""
    await _use(wire, header)


async def _use(wire: Wire, header: str) -> None:
    """Ask for the user's claims with a token in an Authorization header of that form."""
    value = header.replace("{}", await _token(wire))
    url = wire.provider.endpoint("userinfo_endpoint")
    await wire.send(Request.get(url, headers=(("Authorization", value),)), "use")


async def _token(wire: Wire) -> str:
    authorized = await wire.run(approval(wire.provider), "login")
    token: str = (await wire.run(redeem(wire.provider, authorized), "tokens")).access_token
    return token
