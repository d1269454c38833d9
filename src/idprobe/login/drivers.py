"""Who plays the user's browser in a run, as `[login] driver` says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from idprobe.client.wire import Human
from idprobe.errors import ProfileError
from idprobe.login.manual import pasted
from idprobe.model.profile import Profile

__all__ = ["playing"]


@asynccontextmanager
async def playing(profile: Profile) -> AsyncIterator[Human | None]:
    """Give the driver of a profile for as long as a run lasts; None: the forms do.

    Raises ProfileError where the browser, or what drives it, is not installed.
    """
    if profile.login.driver == "manual":
        yield Human(pasted)
    elif profile.login.driver == "browser":
        try:
            from idprobe.login.browser.browser import Browser  # noqa: PLC0415 -- Playwright is an extra
        except ImportError:
            fix = "needs Playwright: pip install 'idprobe[browser]'"
            raise ProfileError(profile.where, "login.driver", fix) from None
        async with Browser(profile) as browser:
            yield Human(browser.visit, browser.show)
    else:
        yield None
