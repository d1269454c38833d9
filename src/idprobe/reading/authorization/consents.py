"""The pages on which a person gives consent, read for checks."""

import re
from typing import Final

from idprobe.errors import EvidenceError, Unsuited
from idprobe.login.forms.pages import parsed
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import gives_tokens
from idprobe.reading.authorization.pages import is_login_page, is_user_page

__all__ = ["consent_page", "consent_pages", "words_of_consent_page"]

WORD: Final = re.compile(r"[^\W\d_]{3,}")
ADDRESS: Final = re.compile(r"[\w.+:/?=&%-]++")
ADDRESS_MARK: Final = re.compile(r"[:/.]")


def consent_pages(trace: Trace, step: str) -> list[Exchange]:
    """Return the pages of a journey on which a person decides, the login left out."""
    if not gives_tokens(trace[step]):
        raise EvidenceError(f"the journey {step} ends without a code: {trace[step]}")
    return [e for e in trace.steps(step) if is_user_page(e) and not is_login_page(e)]


def consent_page(trace: Trace, step: str) -> Exchange:
    """Return the page on which consent is given; raises Unsuited if nobody is asked."""
    pages = consent_pages(trace, step)
    if not pages:
        raise Unsuited("nobody is asked for consent: there is no page to look at")
    return pages[-1]


def words_of_consent_page(trace: Trace, step: str) -> set[str]:
    """Return what a person reads on a page, without addresses, numbers and the client_id."""
    page = parsed(consent_page(trace, step).answered.text)
    page.strip_tags(["script", "style", "head"])
    text = page.body.text(separator=" ") if page.body is not None else ""
    text = text.replace(trace.steps(step)[0].request.parameter("client_id") or "\0", " ")
    return set(WORD.findall(ADDRESS.sub(_unless_address, text)))


def _unless_address(run: re.Match[str]) -> str:
    """Return a run of characters that is no address, for which a mark stands within it."""
    return " " if ADDRESS_MARK.search(run[0], 0, len(run[0]) - 1) else run[0]
