"""Protected resources: UserInfo, and a small interface of the server's own (RFC 6750)."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import clean_description, json_reply
from idprobe_reference.faults import BearerFault, OAuthFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.stores import AccessToken
from idprobe_reference.tokens.issuing import Issuing, scope_text

__all__ = ["UserInfo"]

_FORM: Final = "application/x-www-form-urlencoded"


class UserInfo(Issuing):
    """The decisions of a place where access tokens are used."""

    async def userinfo(self, request: Request) -> Response:
        """Answer at the UserInfo endpoint (OpenID Connect Core section 5.3)."""
        try:
            token = await self.bearer(request, "openid", "/userinfo")
        except BearerFault as fault:
            return self.bearer_error(fault)
        return await self.userinfo_response(token)

    async def userinfo_response(self, token: AccessToken) -> Response:
        """Return the claims as JSON, or as the client registered it (section 5.3.2)."""
        client = self.clients.get(token.grant.client_id)
        claims = self.userinfo_claims(token)
        if client is None:
            return json_reply(claims, headers=self.resource_headers())
        signing, alg, _ = self.protection_of(client, "userinfo")
        if signing is None and alg is None:
            return json_reply(claims, headers=self.resource_headers())
        if signing is not None:
            claims |= {"iss": self.issuer(), "aud": client.client_id}
        content = await self.protected(client, claims, "userinfo", None)
        return Response(content, headers=self.resource_headers(), media_type="application/jwt")

    async def api(self, request: Request) -> Response:
        """Answer at the protected resource, which wants the scope api."""
        try:
            token = await self.bearer(request, "api", "/api")
        except BearerFault as fault:
            return self.bearer_error(fault)
        members = {
            "sub": token.grant.sub,
            "client_id": token.grant.client_id,
            "scope": scope_text(token.scope),
        }
        return json_reply(members, headers=self.resource_headers())

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        """Return what UserInfo tells: sub, and what the scope of the token covers."""
        grant = token.grant
        asked = self.requested_user_claims(grant, grant.claims.userinfo)
        elsewhere = self.claims_from_elsewhere(grant.claims.userinfo)
        told = self.user_claims(grant, token.scope)
        return {**asked, **elsewhere, **told, "sub": grant.sub}

    def resource_headers(self) -> dict[str, str]:
        """Return the headers of an answer to one person's token."""
        return {"Cache-Control": "no-store", "Pragma": "no-cache"}

    async def bearer(self, request: Request, scope: str, place: str) -> AccessToken:
        """Return the token of a request, for `place` and with `scope`; raises BearerFault."""
        value = await self.bearer_value(request)
        token = self.access_token_of(value)
        if token is None:
            raise BearerFault("invalid_token", "the access token is not good", status=401)
        if not self.scope_suffices(token, scope):
            raise BearerFault(
                "insufficient_scope", "the access token has not the scope", status=403, scope=scope
            )
        if not self.is_addressed(token, place):
            raise BearerFault("invalid_token", "the access token is for others", status=401)
        return token

    async def bearer_value(self, request: Request) -> str:
        """Return the token that a request carries, in the header or in a form body, not in both."""
        scheme, _, in_header = request.headers.get("authorization", "").partition(" ")
        in_header = in_header.strip() if scheme.lower() == "bearer" else ""
        in_body = await self.bearer_in_body(request)
        if in_header and in_body:
            raise BearerFault("invalid_request", "the token is there twice", status=400)
        if not in_header and not in_body:
            raise BearerFault("", "an access token is needed", status=401)
        return in_header or in_body

    async def bearer_in_body(self, request: Request) -> str:
        """Return the token of a form body (RFC 6750 section 2.2); a GET has none."""
        if request.method != "POST" or self.media_type(request) != _FORM:
            return ""
        try:
            form: Form = await self.posted_form(request)
        except OAuthFault as fault:
            status = fault.status or 400
            raise BearerFault("invalid_request", fault.description, status=status) from fault
        if "access_token" in form.repeated():
            raise BearerFault("invalid_request", "the token is there twice", status=400)
        return form.get("access_token", "")

    def access_token_of(self, value: str) -> AccessToken | None:
        """Return the access token that is good now and has this value, octet for octet."""
        token = self.access_tokens.get(value)
        return token if token is not None and self.access_token_is_active(token) else None

    def scope_suffices(self, token: AccessToken, scope: str) -> bool:
        """Return whether the token covers `scope`."""
        return scope in token.scope

    def bearer_challenge(self, fault: BearerFault) -> str:
        """Return the challenge of RFC 6750 section 3; without a token it has no error."""
        parameters = ['realm="idprobe"']
        if fault.code:
            parameters.append(f'error="{fault.code}"')
            parameters.append(f'error_description="{clean_description(fault.description)}"')
        if fault.scope:
            parameters.append(f'scope="{fault.scope}"')
        return "Bearer " + ", ".join(parameters)

    def bearer_error(self, fault: BearerFault) -> Response:
        """Return a fault in the form of RFC 6750 section 3."""
        body = {"error": fault.code} if fault.code else {}
        body["error_description"] = clean_description(fault.description)
        headers = {**self.resource_headers(), "WWW-Authenticate": self.bearer_challenge(fault)}
        return json_reply(body, fault.status, headers)
