"""Keys that a server publishes in the middle of a run verify what they signed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import name_of
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
CHECK: Final = "oidc_core/test_2_id_token.py::test_id_token_is_signed"
OTHERS: Final = frozenset(
    {
        "jwt/test_7519_tokens.py::test_id_token_verifies_by_the_alg_of_its_header",
        "oidc_core/test_12_refresh.py::test_refreshed_id_token_is_a_good_id_token",
    }
)


class KeysLater(ReferenceServer):
    """Publishes the keys that it signs with once it has been asked so many times."""

    hidden_for = 1
    asked = 0

    def jwks(self) -> dict[str, Any]:
        self.asked += 1
        keys = super().jwks()["keys"]
        if self.asked > self.hidden_for:
            return {"keys": keys}
        return {"keys": [{**key, "kid": f"{key['kid']}-old", "n": "AQAB"} for key in keys[:1]]}


def verdict_at(server: KeysLater, tmp_path: Path) -> str:
    options = Options(tmp_path / "out", keeps_evidence=False)
    audit = Audit(with_issuer(resolve("reference"), ISSUER), options, InProcess(server.app))
    (judgement,) = judged(audit, [one for one in all_checks() if one.name == CHECK])
    return name_of(judgement.verdict)


@pytest.mark.parametrize(("hidden_for", "verdict"), [(1, "satisfied"), (100, "violated")])
def test_strange_keys_are_fetched_again_once_each(
    hidden_for: int, verdict: str, tmp_path: Path
) -> None:
    server = KeysLater(replace(reference_config(), issuer=ISSUER))
    server.hidden_for = hidden_for

    found = verdict_at(server, tmp_path)

    kinds = 2  # of ID Token and of access token
    assert found == verdict
    assert 1 < server.asked <= 1 + kinds


def test_nothing_is_fetched_again_where_the_keys_are_known(tmp_path: Path) -> None:
    server = KeysLater(replace(reference_config(), issuer=ISSUER))
    server.hidden_for = 0

    verdict_at(server, tmp_path)

    assert server.asked == 1


class SlowKeys(InProcess):
    """Takes its time for the keys, once they are asked for again."""

    asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b"jwks" in request.extensions["target"]:
            self.asked += 1
            await asyncio.sleep(0.5 if self.asked > 1 else 0)
        return await super().handle_async_request(request)


def test_who_ends_while_another_fetches_the_keys_waits_for_them(tmp_path: Path) -> None:
    server = KeysLater(replace(reference_config(), issuer=ISSUER))
    carried = SlowKeys(server.app)
    options = Options(tmp_path / "out", keeps_evidence=False)
    audit = Audit(with_issuer(resolve("reference"), ISSUER), options, carried)
    checks = [one for one in all_checks() if one.name in {CHECK, *OTHERS}]

    judgements = judged(audit, checks)

    assert {one.check for one in judgements} == {CHECK, *OTHERS}
    assert {name_of(one.verdict) for one in judgements} == {"satisfied"}
    assert carried.asked > 1
