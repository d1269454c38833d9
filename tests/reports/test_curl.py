"""A command says what was sent, and does no harm in a shell."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.model.exchange import Request
from idprobe.report.curl import curl_command

URL = "http://127.0.0.1:9/token"


def words(command: str) -> list[str]:
    return shlex.split(command, comments=True)


def test_a_form_post_needs_neither_method_nor_content_type() -> None:
    request = Request.post_form(URL, [("grant_type", "client_credentials")])

    assert curl_command(request) == (
        "curl --include --path-as-is --data-raw grant_type=client_credentials "
        "http://127.0.0.1:9/token"
    )


def test_pseudonyms_stay_in_place() -> None:
    request = Request.post_form(URL, [("code", "\u2039code-1\u203a")])

    assert "code=\u2039code-1\u203a" in words(curl_command(request))


def test_headers_of_the_experiment_are_kept_and_those_of_the_sender_are_not() -> None:
    headers = (("Authorization", "Bearer x"), ("Accept-Encoding", "identity"), ("X-Empty", ""))

    command = words(curl_command(Request.get(URL, headers=headers)))

    assert "Authorization: Bearer x" in command
    assert "X-Empty;" in command
    assert not any("identity" in word for word in command)


def test_brackets_in_a_url_are_no_pattern() -> None:
    assert "--globoff" in words(curl_command(Request.get(f"{URL}?a=[1-9]")))


@given(st.text(), st.text(min_size=1), st.binary(max_size=300))
def test_no_part_of_a_request_leaves_its_quotes(header: str, value: str, body: bytes) -> None:
    request = Request("PUT", "http://127.0.0.1:9", b"/" + body[:20], ((header, value),), body)

    command = curl_command(request)

    assert words(command)[-1].startswith("http://127.0.0.1:9/")
    assert not any(character in command for character in "\x00\x1b\u202e")


def test_shell_marks_are_data() -> None:
    request = Request.post_form(URL, [], headers=(("X", "'; rm -rf ~; $(id) `id`"),))

    assert words(curl_command(request))[-2] == "X: '; rm -rf ~; $(id) `id`"


def test_a_header_that_would_name_a_file_is_left_out() -> None:
    command = curl_command(Request.get(URL, headers=(("@/etc/passwd", "x"),)))

    assert "--header" not in command
    assert "# a header is left out" in command


def test_octets_that_no_argument_holds_go_through_printf(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    if shell is None:
        pytest.fail("a POSIX shell is needed")
    body = b"a\x00b\xff%s\n"
    producer = curl_command(Request("POST", "http://127.0.0.1:9", b"/", (), body)).split(" | ")[0]

    done = subprocess.run([shell, "-c", producer], capture_output=True, check=True, cwd=tmp_path)

    assert done.stdout == body


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_huge_request_makes_a_short_command(size: int) -> None:
    request = Request("POST", "http://h", b"/" + b"\xff" * size, (("A", "b" * size),), b"x" * size)

    command = curl_command(request)

    assert len(command) < 10_000
    assert f"{size} bytes are in the HAR" in command


def test_more_headers_than_a_reader_wants_are_left_to_the_har() -> None:
    headers = tuple((f"X-{number}", "v") for number in range(100))

    command = curl_command(Request.get(URL, headers=headers))

    assert "X-0: v" in words(command)
    assert "X-99: v" not in words(command)
    assert "# further headers are left out; the HAR has them" in command
