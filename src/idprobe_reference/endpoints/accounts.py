"""Accounts that people make for themselves (Initiating User Registration 1.0, prompt=create)."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.interaction import Interaction
from idprobe_reference.faults import PageFault
from idprobe_reference.settings import UserConfig

__all__ = ["Accounts"]

_MOST: Final = 1_000
_SHORTEST_PASSWORD: Final = 8
_LONGEST: Final = 128


class Accounts(Interaction):
    """The decisions about new accounts."""

    async def sign_up(self, request: Request) -> Response:
        """Answer the form that makes an account: log its owner in."""
        try:
            form, transaction, session = await self.submitted(request)
        except PageFault as fault:
            return self.error_page(fault)
        username, password = form.get("username", ""), form.get("password", "")
        why = self.account_refused_because(username, password)
        if not self.may_create(transaction):
            return self.error_page(PageFault("Nobody asked for a new account.", status=403))
        if why:
            return self.login_page(transaction, why, 400, username)
        user = UserConfig(username, password, self.new_subject())
        self.users[username] = user
        fresh = self.session_after_login(session, user)
        transaction.authenticated = True
        response = await self.after_login(transaction, fresh)
        self.open_session(response, fresh)
        return response

    def may_create(self, transaction: Transaction) -> bool:
        """Return whether the client asked for an account to be made."""
        return self.config.prompt_create and "create" in transaction.wish.prompts

    def account_refused_because(self, username: str, password: str) -> str:
        """Return why there can be no such account, empty if there can."""
        if not username or len(username) > _LONGEST or not username.isprintable():
            return "Choose a user name."
        if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST:
            return f"A password has {_SHORTEST_PASSWORD} characters or more."
        if username in self.users or len(self.users) >= _MOST:
            return "This user name is taken."
        return ""
