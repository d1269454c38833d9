"""Logging in and consenting by HTML forms, as a browser without JavaScript would."""

from collections.abc import Mapping
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.flows.landing import landing_at, posted_landing
from idprobe.flows.moves import Ending, Flow, HumanStep, Landed, Stopped, answer
from idprobe.login.forms.journey import MAX_STEPS, Fill, Follow, Journey, Stop, is_html, refresh_of
from idprobe.login.forms.pages import read_page
from idprobe.login.forms.submission import entries, submission, target_of
from idprobe.model.exchange import Request, Response

__all__ = ["form_login"]

NO_HINTS: Final[Mapping[str, str]] = {}


def form_login(
    step: HumanStep,
    hints: Mapping[str, str] = NO_HINTS,
    allowed_origins: frozenset[str] = frozenset(),
) -> Flow[Ending]:
    """Walk through login and consent pages to a redirect_uri, and return how it ended.

    The hints are CSS selectors (username_field, password_field, submit, approve, deny), for pages
    where recognition fails. Nothing is sent to another origin than the first request's or one that
    is allowed, nor to plain http once it began with https.
    """
    journey = Journey(step, hints, allowed_origins)
    request = step.request
    steps = 0
    while True:
        response = yield from answer(request)
        move = _after(journey, request, response)
        if not isinstance(move, Request):
            return move
        steps += 1
        if steps >= MAX_STEPS:
            return Stopped(response, request, f"it did not come to an end in {MAX_STEPS} steps")
        request = move


def _after(journey: Journey, request: Request, response: Response) -> Request | Ending:
    """Return the request that follows on a response, or how the journey ends there."""
    stop = Stop(request, response)
    if response.is_redirect:
        return journey.redirected(stop)
    try:
        header = refresh_of(request, response)
        if is_html(response):
            page = read_page(response, request.url, journey.hints)
            move = journey.look(page, header or page.refresh, stop)
            return _carried_out(journey, move, stop)
    except EvidenceError as error:
        return stop(str(error))
    if header is not None:
        return journey.follow(header.url, stop)
    return stop("it answered neither with a redirect nor with an HTML page")


def _carried_out(journey: Journey, move: Fill | Follow | Ending, stop: Stop) -> Request | Ending:
    """Return the request that a form or a link makes."""
    match move:
        case Fill():
            return _submitted(journey, move, stop)
        case Follow(url=url):
            return journey.follow(url, stop)
        case _:
            return move


def _submitted(journey: Journey, fill: Fill, stop: Stop) -> Request | Ending:
    url = target_of(fill.form, fill.button)
    why, uris = journey.why_not(url), journey.step.redirect_uris
    if landing_at(url, uris) is None and why is not None:
        return stop(f"a form leads {why}")
    request = submission(fill.form, before=stop.request.url, chosen=fill.chosen, button=fill.button)
    if request.method == "POST":
        landing = posted_landing(url, entries(fill.form, fill.chosen, fill.button), uris)
        return request if landing is None else Landed(landing)
    return journey.go(request, request.url, stop)
