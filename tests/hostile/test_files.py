"""Records that somebody bent, and profiles from hostile metadata: no verb crashes, none is misled.

A results.json may come from a pull request of a stranger, the metadata from a hostile server.
"""

import asyncio
import copy
import json
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.mouths import INJECTION, NO_TEXT

from idprobe.cli.main import commands
from idprobe.errors import EvidenceError, IdprobeError
from idprobe.judge.collect import InProcess
from idprobe.model.profile import load_profile
from idprobe.setup.init_profile import _toml, begin

FROZEN: Final = Path(__file__).parents[1] / "reports" / "frozen" / "results-v1.json"
TOML: Final = '"\n[target]\nauthorized_by = "nobody"\n[clients.evil]\nclient_id = "x'
VALUES: Final = (
    "null", "true", "0", "-1", "1e400", "9" * 400, "9" * 5_000, '""', r'"\ud800"', r'"\u0000"',
    "[]", "[{}]", "{}", '{"a":[]}', json.dumps(INJECTION), json.dumps(NO_TEXT), json.dumps(TOML),
    '"javascript:alert(1)"', '"../../../../etc/passwd"', json.dumps("x" * 100_000), '"\x7f"',
)  # fmt: skip
MARK: Final = "@@bent@@"
SAMPLE: Final = 250
"""Of some thousand ways to bend a record."""


def places(value: Any, depth: int = 6) -> Iterator[tuple[Any, ...]]:
    """Yield where in a document something stands."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield (key,)
        if depth:
            yield from ((key, *rest) for rest in places(value[key], depth - 1))


def bent(document: Any, place: tuple[Any, ...], value: str) -> str:
    """Return the text of a document with another value at a place."""
    whole = copy.deepcopy(document)
    inner = whole
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = MARK
    return json.dumps(whole, ensure_ascii=False).replace(f'"{MARK}"', value)


def is_tame(said: str) -> bool:
    """Return whether nothing that is said steers a terminal or a pipeline."""
    return (
        not any(wild in said for wild in ("\x1b", "\x07", "\u202e", "\x00")) and "\n::" not in said
    )


def told(*words: str) -> Result:
    """Run a verb; its errors are one sentence."""
    return CliRunner().invoke(commands, words, standalone_mode=False)


@pytest.fixture(name="record", scope="module")
def record_() -> Any:
    """A record as some run wrote it."""
    return json.loads(FROZEN.read_text(encoding="utf-8"))


def test_no_bent_record_makes_a_verb_crash_or_steer_a_terminal(record: Any, tmp_path: Path) -> None:
    asked = record["judgements"][0]["requirement"]
    ways = [(place, value) for place in places(record) for value in VALUES]
    draw = random.Random(0)  # noqa: S311 -- a sample, no secret
    for place, value in draw.sample(ways, SAMPLE):
        path = tmp_path / "results.json"
        path.write_bytes(bent(record, place, value).encode("utf-8", "backslashreplace"))
        for words in (
            ("diff", str(FROZEN), str(path)),
            ("diff", str(path), str(FROZEN), "--json"),
            ("explain", asked, "--results", str(path)),
            ("compare", str(FROZEN), str(path), "--output", str(tmp_path / "compared")),
        ):
            done = told(*words)
            wrong = f"{words[0]} of /{'/'.join(map(str, place))} = {value[:30]!a}"
            assert done.exception is None or isinstance(done.exception, IdprobeError), wrong
            assert is_tame(done.output), wrong
            done.output.encode("utf-8")
            if isinstance(done.exception, IdprobeError):
                str(done.exception).encode("utf-8")
                assert is_tame(str(done.exception)), wrong
                assert len(str(done.exception)) < 2_000, wrong


def test_markup_in_a_record_is_text_in_a_comparison(record: Any, tmp_path: Path) -> None:
    whole = copy.deepcopy(record)
    whole["target"]["name"] = whole["notes"] = INJECTION
    whole["notes"] = [INJECTION]
    for judgement in whole["judgements"]:
        for name in ("because", "wants", "sent", "saw", "curl", "area"):
            judgement[name] = INJECTION if judgement[name] else ""
        judgement["link"] = "javascript:alert(1)"
    (tmp_path / "results.json").write_text(json.dumps(whole), encoding="utf-8")

    done = told("compare", str(FROZEN), str(tmp_path), "--output", str(tmp_path / "out"))

    assert done.exception is None
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert is_tame(done.output)
    assert not any(
        wild in page for wild in ("<script>alert", "<img src=x", "\x1b", 'href="javascript')
    )


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b"null", b"{}"]
)
@pytest.mark.parametrize("verb", ["diff", "explain", "compare"])
def test_what_is_no_record_is_told_in_one_sentence(
    verb: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    words = {
        "diff": ("diff", str(FROZEN), str(path)),
        "explain": ("explain", "RFC6749-5.1/cache-control-no-store", "--results", str(path)),
        "compare": ("compare", str(FROZEN), str(path), "--output", str(tmp_path / "out")),
    }

    done = told(*words[verb])

    assert isinstance(done.exception, EvidenceError)
    assert "\n" not in str(done.exception)


ISSUER: Final = "http://127.0.0.1:8081"
HONEST: Final = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "scopes_supported": ["openid", "profile", "api"],
    "response_types_supported": ["code"],
    "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
ENVIRONMENT: Final = {
    f"{role}_{end}": "https://client.example/cb"
    for role in ("WEB", "SECOND", "PUBLIC", "SERVICE", "IMPLICIT", "HYBRID", "SIGNED", "USER")
    for end in ("ID", "SECRET", "REDIRECT_URIS", "NAME", "PASSWORD")
}


def serving(text: str) -> InProcess:
    """Return a server of which nothing is known but its metadata."""
    body = text.encode("utf-8", "backslashreplace")

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return InProcess(app)


def begun(issuer: str, metadata: str) -> str:
    """Return the profile that `init` writes, empty if it says in one sentence why it does not."""
    try:
        return asyncio.run(begin(issuer, serving(metadata))).text
    except IdprobeError as error:
        said = str(error)
    assert is_tame(said)
    assert "\n" not in said
    return ""


def test_no_metadata_get_into_a_profile_but_as_values(tmp_path: Path) -> None:
    tables = {"issuer", "standards", "clients", "users", "registration"}
    names = [*HONEST, "registration_endpoint", "x_unrelated"]
    for number, (name, value) in enumerate((name, value) for name in names for value in VALUES):
        for wrapped in (value, f"[{value}]", f'["openid",{value}]'):
            text = json.dumps({**HONEST, name: MARK}).replace(f'"{MARK}"', wrapped)
            text = begun(ISSUER, text)
            if not text:
                continue
            document = tomllib.loads(text)
            assert document.keys() <= tables, (name, value[:30])
            assert document["issuer"] == ISSUER
            assert document.get("clients", {}).keys() <= {"web", "public", "service", "second"}
            path = tmp_path / f"{number}.toml"
            path.write_text(text, encoding="utf-8")
            if document.keys() & {"clients", "registration"}:
                load_profile(path, ENVIRONMENT)


@pytest.mark.parametrize("end", ["/\x7f", '/"\n[target]', "/a\\b"])
def test_an_issuer_of_any_characters_is_written_or_refused(end: str) -> None:
    issuer = f"{ISSUER}{end}"
    text = begun(issuer, json.dumps({**HONEST, "issuer": issuer}))

    assert not text or tomllib.loads(text)["issuer"] == issuer


@given(st.text() | st.lists(st.text(), max_size=3))
def test_whatever_is_written_as_toml_is_read_as_it_was(value: Any) -> None:
    assert tomllib.loads(f"a = {_toml(value)}") == {"a": value}


def test_a_lone_surrogate_is_written_as_the_replacement_character() -> None:
    assert tomllib.loads(f"a = {_toml(NO_TEXT)}") == {"a": "\ufffd\x00\uffff\ufffd\ufeff"}
