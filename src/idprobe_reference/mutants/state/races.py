"""Mutants that look at what works once, and spend it a moment later."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio
from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code

A_MOMENT_S = 0.2


@mutant(breaks="RFC6749-10.5/code-single-use-under-concurrency", medium="socket")
class CodesCanBeRaced(ReferenceServer):
    """Between the look at a code and its use there is time for others."""

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        code.used = False
        await asyncio.sleep(A_MOMENT_S)
        code.used = True
        return await super().tokens_for_code(client, code, target)


@mutant(breaks="RFC9700-4.14.2/replay-detection-for-public-clients", medium="socket")
class RefreshTokensCanBeRaced(ReferenceServer):
    """All who come with a refresh token at one moment are served."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        old = self.find_refresh_token(form.get("refresh_token", ""))
        was_fresh = old is not None and not old.used
        await asyncio.sleep(A_MOMENT_S)
        if old is not None and was_fresh:
            old.used = False
        return await super().refresh(client, form)


@mutant(breaks="RFC7009-2.1/immediate", medium="socket")
class RevocationIsLostInARefresh(ReferenceServer):
    """A refresh writes back the grant as it was before somebody revoked it."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        old = self.find_refresh_token(form.get("refresh_token", ""))
        stood = old is not None and not old.used and self.grant_is_active(old.grant)
        await asyncio.sleep(A_MOMENT_S)
        if old is not None and stood:
            old.grant.revoked = False
        return await super().refresh(client, form)
