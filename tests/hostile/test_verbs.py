"""The verbs that talk to a server before an audit come to an end at hostile ones, in sentences."""

import asyncio
import json
from dataclasses import replace
from typing import Final

import pytest
from tests.hostile import mouths
from tests.hostile.cases import METADATA, TOKEN
from tests.hostile.mouths import at, saying, with_json
from tests.hostile.test_files import is_tame
from tests.hostile.wire import Mouth, playing, reference

from idprobe.errors import IdprobeError
from idprobe.formats.sanitise import sanitise
from idprobe.model.profile import with_issuer
from idprobe.setup.doctor import Symptom, examine
from idprobe.setup.init_profile import begin
from idprobe.setup.targets import resolve

MOST_S: Final = 60.0
MOUTHS: Final[dict[str, Mouth]] = {
    "no characters in metadata": at(*METADATA, "/jwks", how=with_json(mouths.strange)),
    "no characters in each text": with_json(mouths.in_each_text),
    "markup in each text": with_json(mouths.injected),
    "no characters on pages": saying(mouths.on_strange_pages),
    "markup on pages": saying(mouths.on_pages),
    "markup in headers": saying(mouths.in_headers),
    "markup in redirects": saying(mouths.in_redirects),
    "dates of no meaning": saying(mouths.with_strange_dates),
    "reason phrase that is no ASCII": mouths.strange_reason,
    "429 that never ends": mouths.refusing(429, Retry_After="9" * 5_000),
    "429 at the token endpoint": at(TOKEN, how=mouths.refusing(429, Retry_After=mouths.NO_DATE)),
    "500 with nothing": mouths.refusing(500),
    "end of the connection while we write": mouths.Finishing(),
    "half a header": mouths.half_head,
    "reset": mouths.reset_at_once,
    "no HTTP": mouths.raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "arrays for objects": with_json(lambda value: [value]),
    "lists for values": with_json(lambda value: {name: [one] for name, one in value.items()}),
    "objects for values": with_json(lambda value: {name: {"a": []} for name in value}),
    "null for values": with_json(dict.fromkeys),
    "numbers for values": with_json(lambda value: dict.fromkeys(value, 10**250)),
    "infinite numbers for values": with_json(
        lambda value: json.dumps(dict.fromkeys(value, "@")).replace('"@"', "-1e999")
    ),
    "redirects to a script": mouths.redirecting(lambda _: "javascript:alert(1)"),
    "redirects to what is no address": mouths.redirecting(lambda _: "http://[::1"),
    "redirects to a port that is none": mouths.redirecting(lambda _: "//127.0.0.1:99999999/"),
    "redirects in a circle": mouths.redirecting(lambda asked: asked.target),
    "deep metadata": at(*METADATA, how=with_json(lambda _: "[" * 100_000)),
    "byte order mark": saying(lambda honest: honest.saying(b"\xef\xbb\xbf" + honest.body)),
    "no UTF-8": saying(lambda honest: honest.saying(honest.body.replace(b'"', b'"\xff', 1))),
}


async def examined(issuer: str) -> list[Symptom]:
    """Return what the doctor finds of a server."""
    profile = with_issuer(resolve("reference"), issuer)
    profile = replace(profile, limits=replace(profile.limits, exchange_s=1.0))
    async with asyncio.timeout(MOST_S):
        return [symptom async for symptom in examine(profile)]


@pytest.mark.parametrize("name", MOUTHS)
def test_doctor_ends_with_what_it_found(name: str) -> None:
    with playing(MOUTHS[name], reference) as stage:
        found = asyncio.run(examined(stage.issuer))

    assert found
    for symptom in found:
        json.dumps({"said": symptom.said}, ensure_ascii=False).encode("utf-8")
        assert is_tame(sanitise(symptom.said))


@pytest.mark.parametrize("name", MOUTHS)
def test_init_writes_a_profile_or_says_why_not(name: str) -> None:
    with playing(MOUTHS[name], reference) as stage:
        try:
            text = asyncio.run(begin(stage.issuer)).text
        except IdprobeError as error:
            text = str(error)

    assert is_tame(text)
    text.encode("utf-8")
