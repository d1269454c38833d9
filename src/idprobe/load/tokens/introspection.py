"""Whose opaque tokens are, by introspection of a few of them when load is over (RFC 7662).

Nobody waits for it and nothing of it is measured. A client asks about its own tokens; where that
tells nothing, the run says so and accuses nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.flows import introspection_request
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.engine import LoadFlow, VirtualUser
from idprobe.load.tokens import rules
from idprobe.load.tokens.owners import Owner
from idprobe.model.exchange import Response
from idprobe.model.profile import Client, Provider

__all__ = ["introspection_note", "introspectors"]

ENDPOINT: Final = "introspection_endpoint"
ASKED: Final = "asked"
TOLD: Final = "told"


class _Introspector:
    """Asks once whose a token is."""

    def __init__(self, context: LoadContext, client: Client, token: bytes, owner: Owner) -> None:
        self._context: Final = context
        self._provider: Final = Provider(context.profile, context.metadata, client)
        self._token: Final = token
        self._owner: Final = owner

    def conclude(self) -> LoadFlow:
        """Ask, and compare what is said; raises WrongAnswer if the token is somebody else's."""
        findings = self._context.findings
        findings.asked[ASKED] += 1
        response = yield introspection_request(self._provider, self._token.decode())
        said = _said(response)
        if said.get("active") is not True:
            return
        findings.asked[TOLD] += 1
        if "client_id" in said:
            findings.checked[rules.OF_ONE_CLIENT] += 1
            if said["client_id"] != self._owner.client_id:
                what = "an access token was introspected as another client's"
                raise findings.wrong(rules.OF_ONE_CLIENT, what)
        if self._owner.username:
            self._compare_names(said)

    def _compare_names(self, said: Mapping[str, Any]) -> None:
        """Compare by what name the user is known; some servers put the client in its place."""
        names = {where: said.get(where) for where in ("sub", "username")}
        known = {
            where: name
            for where, name in names.items()
            if isinstance(name, str) and name != self._owner.client_id
        }
        findings = self._context.findings
        if known and len({owner.username for _, owner in findings.token_sample.kept}) > 1:
            findings.checked[rules.OF_ONE_USER] += 1
        for where, name in known.items():
            findings.told_apart(name, self._owner, rules.OF_ONE_USER, where)


def introspectors(context: LoadContext) -> tuple[VirtualUser, ...]:
    """Return virtual users that each ask about one token; none where nobody can ask."""
    kept = context.findings.token_sample.kept
    if not kept or not _endpoint(context):
        return ()
    most = context.profile.limits.requests_per_second or len(kept)
    return tuple(_virtual_users(context, kept[: max(1, int(most))]))


def introspection_note(context: LoadContext) -> str | None:
    """Return in one sentence what asking came to; None where all tokens said it themselves."""
    findings = context.findings
    if not findings.token_sample.kept:
        return None
    if not _endpoint(context):
        why = f"neither the metadata nor [endpoints] of the profile has an {ENDPOINT}"
    elif not findings.asked[ASKED]:
        why = "no client that got some has a way to authenticate at the introspection endpoint"
    elif not findings.asked[TOLD]:
        asked = findings.asked[ASKED]
        why = f"of {asked} that clients asked about their own, none was told of as active"
    else:
        return (
            f"whose opaque tokens are was asked by introspection when load was over: "
            f"{findings.asked[TOLD]} of {findings.asked[ASKED]} told"
        )
    return f"whose opaque tokens are was not checked: {why}"


def _endpoint(context: LoadContext) -> Any:
    return context.profile.endpoints.get(ENDPOINT) or context.metadata.get(ENDPOINT)


def _virtual_users(
    context: LoadContext, kept: Sequence[tuple[bytes, Owner]]
) -> Iterator[VirtualUser]:
    clients = {one.client_id: one for one in context.profile.clients.values() if not one.is_public}
    for token, owner in kept:
        client = clients.get(owner.client_id)
        if client is not None:
            yield VirtualUser(_Introspector(context, client, token, owner))


def _said(response: Response) -> dict[str, Any]:
    """Return what a server says of a token, nothing where it says no such thing."""
    if not response.is_success:
        return {}
    try:
        return dict(response.json_object)
    except EvidenceError:
        return {}
