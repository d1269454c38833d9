"""Mutants that go wrong only where several clients ask at once."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio

from starlette.responses import Response

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken

A_LITTLE_S = 0.005


@mutant(
    breaks="contract/refresh_token_works",
    also={"RFC9700-2.2.2/public-refresh-token-protected": "a traded token may be good again"},
)
class UserinfoSavesWhatItRead(ReferenceServer):
    """A call of userinfo writes the session back as it was before a refresh in the meantime."""

    async def userinfo_response(self, token: AccessToken) -> Response:
        before = {one.value: one.used for one in self.refresh_tokens if one.grant is token.grant}
        await asyncio.sleep(A_LITTLE_S)
        for one in list(self.refresh_tokens):
            if one.grant is token.grant and one.value not in before:
                self.refresh_tokens.pop(one.value)
            elif one.grant is token.grant:
                one.used = before[one.value]
        return await super().userinfo_response(token)
