"""What clients learn of sessions by session_state, and the page that they frame (Management)."""

from typing import Final
from urllib.parse import urljoin, urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem
from idprobe.flows.logout import leave
from idprobe.model.exchange import Agent, Pairs, Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import ordinary, tried
from idprobe.probes.steps.client_pages import client_page
from idprobe.probes.steps.token_requests import id_token_of
from idprobe.reading.authorization.pages import page_of

__all__ = [
    "check_session_frame",
    "session_frame_asked",
    "session_states",
    "session_states_of_errors",
]

NEEDS: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
STRANGER: Final = "https://stranger.example/idprobe"
MEMBER: Final = "check_session_iframe"
SILENT: Final[Pairs] = (("prompt", "none"), ("scope", "openid"))
MOST_SCRIPTS: Final = 8


def _offered(wire: Wire) -> str:
    url = wire.provider.metadata.get(MEMBER)
    if not isinstance(url, str):
        raise Unsuited(f"the metadata has no {MEMBER}")
    return url


@probe(safety=Safety.PASSIVE)
async def check_session_frame(wire: Wire) -> None:
    """Load the page of check_session_iframe, `frame`, and its scripts, `script/NUMBER`."""
    url = _offered(wire)
    response = await wire.send(Request.get(url, agent=Agent.USER), "frame")
    page = page_of(response)
    found = page.css("script[src]") if page is not None else []
    places = dict.fromkeys(urljoin(url, str(one.attributes.get("src"))) for one in found)
    ours = [place for place in places if urlsplit(place)[:2] == urlsplit(url)[:2]]
    for number, place in enumerate(ours[:MOST_SCRIPTS]):
        await wire.send(Request.get(place, agent=Agent.USER), f"script/{number}")


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=NEEDS | {Capability.SECOND_CLIENT, Capability.END_SESSION},
    logs_in=True,
    exclusive=True,
)
async def session_states(wire: Wire) -> None:
    """Log in, `first`, be there, `same`, at another client, `other`; log out and in: `later`."""
    _offered(wire)
    authorized = await wire.run(authorize(wire.provider, scope="openid"), "first")
    tokens = await wire.run(redeem(wire.provider, authorized), "tokens")
    hint = [("id_token_hint", id_token_of(wire, tokens))]
    await wire.run(authorize(wire.provider, scope="openid"), "same")
    second = wire.acting_as(Role.SECOND)
    await wire.run(authorize(second, scope="openid"), "other")
    await wire.run(leave(wire.provider, hint), "logout")
    await wire.run(authorize(wire.provider, scope="openid"), "later")


@probe(role=Role.WEB, needs=NEEDS, logs_in=True)
async def session_states_of_errors(wire: Wire) -> None:
    """Ask without any page in a browser where nobody is logged in, twice: `one`, `two`."""
    _offered(wire)
    for step in ("one", "two"):
        await tried(wire, step, ordinary(wire.provider, extra=SILENT), user=False)
    await wire.run(authorize(wire.provider, scope="openid"), "control")


@probe(
    role=Role.WEB,
    needs=NEEDS | {Capability.BROWSER, Capability.END_SESSION},
    logs_in=True,
    exclusive=True,
)
async def session_frame_asked(wire: Wire) -> None:
    """Ask the framed page of a session, from the client and from strangers, and after a logout.

    From the client: `right`, `wrong`, `malformed`, `again`; from another site: `foreign`; from a
    frame without origin: `sandboxed`; after the logout, from the client: `after`.
    """
    frame = _offered(wire)
    authorized = await wire.run(authorize(wire.provider, scope="openid"), "login")
    state = authorized.landing.get("session_state")
    if not state or " " in state:
        raise Unsuited("the response has no session_state to ask about")
    tokens = await wire.run(redeem(wire.provider, authorized), "tokens")
    right = f"{wire.provider.client.client_id} {state}"
    wrong = f"{wire.provider.client.client_id} {'b' if state[0] == 'a' else 'a'}{state[1:]}"
    home = _home(wire)
    asked = {"right": right, "wrong": wrong, "malformed": "nospace", "again": right}
    await wire.show({home: client_page(frame, asked)}, "client")
    await wire.show({STRANGER: client_page(frame, {"foreign": right})}, "stranger")
    await wire.show({home: client_page(frame, {"sandboxed": right}, in_sandbox=True)}, "sandbox")
    hint = [("id_token_hint", id_token_of(wire, tokens))]
    await wire.run(leave(wire.provider, hint), "logout")
    await wire.show({home: client_page(frame, {"after": right})}, "client-after")


def _home(wire: Wire) -> str:
    """Return a page at the origin that the response went to."""
    parts = urlsplit(wire.provider.client.redirect_uris[0])
    return f"{parts.scheme}://{parts.netloc}/idprobe"
