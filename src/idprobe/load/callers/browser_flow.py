"""Flows with a user's browser in them, as an engine drives them: cookies kept, forms filled in."""

from typing import Any

from idprobe.client.cookies import Cookies
from idprobe.errors import UsageError
from idprobe.flows import Flow, HumanStep
from idprobe.load.engine.engine import LoadFlow
from idprobe.login.forms.form_login import form_login
from idprobe.model.exchange import Agent, Request
from idprobe.model.profile import Profile

__all__ = ["browser_flow"]


def browser_flow(flow: Flow[Any], profile: Profile, cookies: Cookies) -> LoadFlow:
    """Run a flow as the browser of one user; a HumanStep becomes the form login of its user."""
    if profile.login.driver != "form":
        raise UsageError(
            f"{profile.where}: login.driver: load logs in by forms only, not by "
            f"{profile.login.driver!r}"
        )
    try:
        move = next(flow)
        while True:
            if isinstance(move, HumanStep):
                login = form_login(move, profile.login.hints, profile.allowed_origins)
                move = flow.send((yield from browser_flow(login, profile, cookies)))
            else:
                move = flow.send((yield from _carried(move, cookies)))
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()


def _carried(request: Request, cookies: Cookies) -> LoadFlow:
    if request.agent is not Agent.USER:
        return (yield request)
    response = yield request.with_headers(*cookies.header_for(request))
    cookies.keep(request, response)
    return response
