"""A login form and somebody who guesses at it (RFC 6749 section 10.10)."""

from dataclasses import replace

from idprobe.client.wire import Wire
from idprobe.model.profile import Capability, Role, User
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import approval
from idprobe.probes.users.forgery import login_submission, waiting_page
from idprobe.probes.users.passwords import GUESSES, WRONG, throw_away_user

__all__ = ["password_guessed_at_login"]


@probe(
    role=Role.WEB,
    needs={Capability.AUTHORIZATION_CODE},
    logs_in=True,
    safety=Safety.INTRUSIVE,
)
async def password_guessed_at_login(wire: Wire) -> None:
    """Guess a throw-away user's password at the login form, `guess/N`; then be right: `right`.

    Each guess has a browser of its own. The user could log in before: `control`.
    """
    user = throw_away_user(wire.provider)
    await wire.run(approval(wire.provider.with_user(user)), "control")
    for number in range(GUESSES):
        wrong = replace(user, password=f"{WRONG}{number}")
        await _typed(wire, wrong, f"guess/{number + 1}")
    await _typed(wire, user, "right")


async def _typed(wire: Wire, user: User, step: str) -> None:
    """Fill in the login form in a new browser and send it; nobody goes on from there."""
    wire.fresh_browser()
    page = await waiting_page(wire, wire.provider, f"page-for-{step}")
    await wire.send(login_submission(wire, page, user), step)
