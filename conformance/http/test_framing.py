"""RFC 9112: how HTTP/1.1 is framed, on connections that carry one request each."""

from datetime import datetime, timedelta

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    http_date,
    requirement,
)

BAD_LENGTHS = ("negative", "signed", "mixed", "two_values")
UNDECIDED = {408, 421, 425, 429}


def _usual(trace: Trace) -> None:
    """Raise EvidenceError unless the request without the fault is served before and after."""
    for step in ("usual", "again"):
        if not trace[step].answered.is_success:
            raise EvidenceError(f"the usual request is not served: {trace[step]}")


def _answer(trace: Trace, step: str) -> int:
    """Return the status of the answer to a broken request; a crash or overload is no answer."""
    _usual(trace)
    exchange = trace[step]
    status = exchange.answered.status
    if status in UNDECIDED or status in {502, 503, 504}:
        raise EvidenceError(f"that is neither served nor refused: {exchange}")
    return status


def _closed(exchange: Exchange) -> bool:
    if exchange.connection.closed is None:
        raise EvidenceError("nobody waited for the connection to be closed")
    return exchange.connection.closed


@requirement("RFC9112-3.2/host-required")
def test_a_request_has_one_host(host_lines: Trace) -> None:
    """A request without Host, with two, or with one that is no host gets 400."""
    for step, what in (("without", "no Host"), ("twice", "two Hosts"), ("bad", "Host: a b")):
        status = _answer(host_lines, step)
        assert status == 400, f"{what} is answered with {status}"


@requirement("RFC9112-5.1/no-space-before-colon")
def test_no_white_space_before_a_colon(space_before_colon: Trace) -> None:
    """White space between field name and colon gets 400."""
    for step, name in (("length", "Content-Length"), ("unknown", "X-Idprobe")):
        status = _answer(space_before_colon, step)
        assert status == 400, f"white space after {name} is answered with {status}"


@requirement("RFC9112-6.1/length-and-chunked-closes-connection")
def test_connection_with_two_lengths_is_closed(two_lengths: Trace) -> None:
    """After Content-Length and Transfer-Encoding in one request the connection is closed."""
    status = _answer(two_lengths, "both")
    assert status < 500, f"the answer is {status}"

    assert _closed(two_lengths["both"]), f"the connection stays open after {status}"


@requirement("RFC9112-6.1/unknown-transfer-coding-501")
def test_unknown_transfer_coding_is_not_served(unknown_transfer_coding: Trace) -> None:
    """A transfer coding that the server does not understand gets 501 or 400."""
    status = _answer(unknown_transfer_coding, "coding")

    assert status in {400, 501}, f"the answer is {status}"


@requirement("RFC9112-6.3/bad-content-length-400")
def test_bad_lengths_are_refused_and_the_connection_closed(lengths_of_bodies: Trace) -> None:
    """A Content-Length that is no number, or two, gets 400, and the connection is closed."""
    for step in BAD_LENGTHS:
        status = _answer(lengths_of_bodies, step)
        assert status == 400, f"{step.replace('_', ' ')}: the answer is {status}"
        closed = _closed(lengths_of_bodies[step])
        assert closed, f"{step.replace('_', ' ')}: the connection stays open"


@requirement("RFC9110-5.5/cr-lf-nul-in-values")
def test_control_characters_in_values_do_no_harm(control_characters: Trace) -> None:
    """CR and NUL in a field value are refused with 400, or the request is served as usual."""
    for step in ("cr", "nul"):
        status = _answer(control_characters, step)
        assert status in {200, 400}, f"{step.upper()} is answered with {status}"


@requirement("RFC9110-9.3.2/head-without-content")
def test_answers_to_head_have_no_content(answers_to_head: Trace) -> None:
    """No octet follows the head of an answer to HEAD."""
    for name in ("metadata", "keys"):
        by_get = answers_to_head[f"{name}/get"].answered
        if not by_get.is_success or not by_get.body:
            raise EvidenceError(f"{name}: GET has no content, so HEAD cannot have it wrongly")
        exchange = answers_to_head[f"{name}/head"]
        count = len(exchange.answered.body)
        assert count == 0, f"{name}: {count} octets follow"


@requirement("RFC9110-6.6.1/date-present")
def test_answers_are_dated(dates: Trace) -> None:
    """Answers of 2xx and 4xx have a Date that is today's."""
    for step in ("found", "missing"):
        exchange = dates[step]
        response = exchange.answered
        if response.status >= 500:
            raise EvidenceError(f"a crash needs no date: {exchange}")
        value = response.header("date")
        assert value is not None, f"a {response.status} has no Date"
        away = abs(_moment(value) - exchange.started_at)
        assert away < timedelta(days=1), f"Date is {away.days} days off"


def _moment(value: str) -> datetime:
    moment = http_date(value)
    assert moment is not None, f"Date is {value[:40]!r}"
    return moment
