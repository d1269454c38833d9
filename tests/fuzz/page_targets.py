"""Pages, and the journey of a user's browser over them."""

from typing import Final

from tests.fuzz.inputs import ASKED, CALLBACK, LOGGED_IN, answers, exchange, head_text

from idprobe.errors import EvidenceError, UsageError
from idprobe.flows.moves import HumanStep, Landed, Stopped
from idprobe.login.forms.form_login import form_login
from idprobe.login.forms.pages import read_refresh
from idprobe.model.exchange import Request
from idprobe.reading import answers as reading_answers
from idprobe.reading.authorization import landings, pages

__all__ = ["form_journey", "page_reading", "refresh"]

HINTS: Final = {"username_field": "#who", "submit": "button.go"}


def form_journey(data: bytes) -> None:
    """Log in over the pages of an input, the last of them twice; agree, and refuse."""
    given = answers(data)
    ended: object = None
    for deny, hints in ((False, {}), (True, HINTS)):
        step = HumanStep(ASKED, (CALLBACK,), LOGGED_IN, deny=deny)
        flow = form_login(step, hints)
        sent = next(flow)
        try:
            for response in (*given, given[-1]):
                assert isinstance(sent, Request)
                assert sent.origin == ASKED.origin
                sent = flow.send(response)
            flow.close()
        except StopIteration as end:
            ended = end.value
        assert ended is None or isinstance(ended, Landed | Stopped)


def refresh(data: bytes) -> None:
    """Read a Refresh header."""
    found = read_refresh(head_text(data))
    assert found is None or found.delay_s >= 0


def page_reading(data: bytes) -> None:
    """Read a page as checks do."""
    shown = exchange(data)
    try:
        reading_answers.refused(shown)
        reading_answers.is_error_page(shown.answered)
        pages.page_of(shown.answered)
        pages.is_user_page(shown)
        pages.is_login_page(shown)
        pages.carries_password(shown.request)
        pages.frame_ancestors(shown.answered)
        pages.framed_by_nobody(shown.answered)
        landings.steps_leading_to([shown], "app.example")
    except (EvidenceError, UsageError):
        return
