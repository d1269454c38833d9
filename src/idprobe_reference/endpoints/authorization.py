"""The authorization endpoint: who is it, do they agree, and what goes back to the client."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.pages import SUBMIT_SOURCE, render
from idprobe_reference.endpoints.replies import (
    clean_description,
    page_reply,
    redirect_reply,
    with_parameters,
)
from idprobe_reference.faults import AuthorizationFault, OAuthFault, PageFault
from idprobe_reference.requests.authorization_request import AuthorizationRequests, Wish
from idprobe_reference.requests.forms import BadFormError, Form
from idprobe_reference.stores import Code, Grant, Session
from idprobe_reference.tokens.issuing import IdTokenContext, Issuing, scope_text

__all__ = ["Authorization", "Step", "Transaction"]

Step: TypeAlias = Literal["login", "consent", "answer"]
TRANSACTION_LIFETIME_S: Final = 900


@dataclass(slots=True)
class Transaction:
    """An authorization request on its way through the pages, bound to one browser."""

    key: str = field(repr=False)
    csrf_token: str = field(repr=False)
    wish: Wish
    session_key: str = field(default="", repr=False)
    authenticated: bool = False
    consented: bool = False


class Authorization(AuthorizationRequests, Issuing):
    """The decisions between an authorization request and its answer."""

    async def authorization_form(self, request: Request) -> Form:
        """Return the parameters: of the query by GET, of the body by POST; raises PageFault."""
        try:
            if request.method == "POST":
                return await self.posted_form(request)
            return Form.parse(request.url.query.encode())
        except (OAuthFault, BadFormError) as fault:
            raise PageFault("The request cannot be read.") from fault

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        """Return what has to happen next; raises AuthorizationFault if it ends in an error."""
        wish = transaction.wish
        silent = "none" in wish.prompts
        if wish.fault is not None:
            if silent or not self.login_is_needed_for_error(session):
                raise wish.fault
            return "login"
        if self.login_is_needed(transaction, session):
            if silent or transaction.authenticated:
                raise AuthorizationFault("login_required", "the person is not logged in")
            return "login"
        if session is None or self.consent_is_needed(transaction, session):
            if silent:
                raise AuthorizationFault("consent_required", "the person has not agreed yet")
            return "consent"
        return "answer"

    def login_is_needed_for_error(self, session: Session | None) -> bool:
        """Return whether the person logs in before an error is sent on (RFC 9700 4.11.2)."""
        return session is None or session.user is None

    def login_is_needed(self, transaction: Transaction, session: Session | None) -> bool:
        """Return whether the person has to log in now (OIDC Core section 3.1.2.3)."""
        wish = transaction.wish
        if session is None or session.user is None:
            return True
        if wish.hinted_sub is not None and wish.hinted_sub != self.subject_for(
            wish.client, session.user
        ):
            return True
        if transaction.authenticated:
            return False
        if wish.prompts & {"login", "select_account", "create"}:
            return True
        return self.login_is_too_old(wish, session)

    def login_is_too_old(self, wish: Wish, session: Session) -> bool:
        """Return whether max_age asks for a new login; 0 always does."""
        if wish.max_age is None:
            return False
        return wish.max_age == 0 or self.clock() - session.auth_time > wish.max_age

    def consent_is_needed(self, transaction: Transaction, session: Session) -> bool:
        """Return whether the person has to agree to this scope now."""
        wish = transaction.wish
        if transaction.consented:
            return False
        if "consent" in wish.prompts or not self.consent_may_be_remembered(wish):
            return True
        return not session.consents.get(wish.client.client_id, frozenset()) >= self.asked_for(wish)

    def asked_for(self, wish: Wish) -> frozenset[str]:
        """Return all that the person has to agree to: scope, claims by name, and resources."""
        claims = {f"claim {name}" for name in wish.claims.names}
        return frozenset(wish.scope) | claims | {f"resource {one}" for one in wish.resources}

    def consent_may_be_remembered(self, wish: Wish) -> bool:
        """Return whether the client is sure enough to be served again without a question.

        A public client is only where its redirection URI is https (RFC 6749 section 10.2).
        """
        return not wish.client.is_public or wish.redirect_uri.startswith("https://")

    # The answer

    async def answer(self, transaction: Transaction, session: Session) -> Response:
        """Return the response that takes codes and tokens to the client."""
        wish = transaction.wish
        self.remember_login(wish, session)
        parameters = await self.authorization_response(wish, session)
        return self.deliver(wish, parameters)

    def remember_login(self, wish: Wish, session: Session) -> None:
        """Note in the session that the person is logged in to this client now."""
        if session.user is not None and "openid" in wish.scope:
            known_as = self.subject_for(wish.client, session.user)
            session.clients[wish.client.client_id] = known_as

    async def authorization_response(self, wish: Wish, session: Session) -> dict[str, str]:
        """Return the parameters of a successful response (OIDC Core sections 3.1 to 3.3)."""
        grant = self.grant_of(wish, session)
        parameters: dict[str, str] = {}
        code = access_token = None
        if "code" in wish.response_types:
            code = self.issue_code(wish, grant)
            parameters["code"] = code.value
        if "token" in wish.response_types:
            target = self.target_of((), grant.resources, grant.scope)
            access_token = await self.issue_access_token(grant, target)
            parameters |= {
                "access_token": access_token.value,
                "token_type": "Bearer",
                "expires_in": str(self.expires_in(access_token)),
                "scope": scope_text(access_token.scope),
            }
        if "id_token" in wish.response_types:
            context = self.front_channel_context(
                wish, code.value if code else None, access_token.value if access_token else None
            )
            parameters["id_token"] = await self.issue_id_token(wish.client, grant, context)
        return {**parameters, **self.session_state(wish, session.state)}

    def front_channel_context(
        self, wish: Wish, code: str | None, access_token: str | None
    ) -> IdTokenContext:
        """Return what an ID token from this endpoint binds; alone it tells the person's claims."""
        return IdTokenContext(
            nonce=wish.nonce,
            access_token=access_token,
            code=code,
            with_user_claims=wish.response_types == {"id_token"},
        )

    def grant_of(self, wish: Wish, session: Session) -> Grant:
        """Return what the person grants by this answer."""
        return Grant(
            client_id=wish.client.client_id,
            scope=frozenset(wish.scope),
            user=session.user,
            auth_time=session.auth_time,
            sid=session.sid,
            claims=wish.claims,
            subject=self.subject_for(wish.client, session.user) if session.user else "",
            resources=wish.resources,
        )

    def issue_code(self, wish: Wish, grant: Grant) -> Code:
        """Return a fresh code, bound to the request and remembered."""
        code = Code(
            value=self.code_value(wish),
            grant=grant,
            redirect_uri=wish.redirect_uri,
            redirect_uri_was_sent=wish.redirect_uri_was_sent,
            challenge=wish.challenge,
            challenge_method=wish.challenge_method,
            nonce=wish.nonce,
            offline="offline_access" in wish.scope,
            expires_at=self.clock() + self.lifetime_s("code", wish.client.client_id),
        )
        self.remember_code(code)
        return code

    def code_value(self, _wish: Wish) -> str:
        """Return what a code looks like: 256 random bits."""
        return fresh_secret()

    def deny(self, wish: Wish, fault: AuthorizationFault) -> Response:
        """Return the response that takes an error to the client."""
        parameters = self.authorization_error(fault)
        state = self.session_state(wish, wish.browser_state)
        return self.deliver(wish, {**parameters, **state})

    def session_state(self, wish: Wish, browser_state: str) -> dict[str, str]:
        """Return the session_state of a response (Session Management section 2)."""
        is_openid = "openid" in wish.scope or not wish.scope
        if not self.config.session_management or not is_openid:
            return {}
        parts, salt = urlsplit(wish.redirect_uri), self.session_state_salt(wish)
        seen = (wish.client.client_id, f"{parts.scheme}://{parts.netloc}", browser_state, salt)
        digest = hashlib.sha256(" ".join(seen).encode()).hexdigest()
        return {"session_state": f"{digest}.{salt}"}

    def session_state_salt(self, _wish: Wish) -> str:
        """Return what makes each session_state another (section 3.2)."""
        return fresh_secret()[:16]

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        """Return the parameters of an error response (RFC 6749 section 4.1.2.1)."""
        return {"error": fault.code, "error_description": clean_description(fault.description)}

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        """Return the response that carries `parameters`, state and iss to the client."""
        complete = {
            **parameters,
            **self.state_parameter(wish, is_error="error" in parameters),
            **self.iss_parameter(is_error="error" in parameters),
        }
        if wish.response_mode == "form_post":
            return self.form_post(wish, complete)
        fragment = wish.response_mode == "fragment"
        location = with_parameters(wish.redirect_uri, complete, fragment=fragment)
        return redirect_reply(location, self.redirect_headers())

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:  # noqa: ARG002 - a mutant asks
        """Return the state as it came, in success and error."""
        return {} if wish.state is None else {"state": wish.state}

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:  # noqa: ARG002 - a mutant asks
        """Return the issuer identification (RFC 9207), in success and error."""
        return {"iss": self.issuer()}

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        """Return the page that posts the answer to the client by itself."""
        html = render("form_post", redirect_uri=wish.redirect_uri, parameters=parameters)
        return page_reply(html, 200, self.page_headers(script=SUBMIT_SOURCE, form_action=""))
