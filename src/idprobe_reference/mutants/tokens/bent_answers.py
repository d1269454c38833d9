"""Mutants of what is told about tokens and users: UserInfo, introspection, revocation."""

from typing import Any, Final

from starlette.responses import JSONResponse, PlainTextResponse, Response

from idprobe_reference.mutants.bending import Change, bend, having, lacking

CLAIMS: Final = "userinfo_claims"
USERINFO: Final = "userinfo"
CHALLENGE: Final = "bearer_challenge"
TOLD: Final = "introspection"


def _claim(name: str, value: Any) -> Change:
    """Return a change of a claim where it is told at all."""
    return lambda claims: {**claims, name: value} if name in claims else claims


def _address(**parts: Any) -> Change:
    return lambda c: {**c, "address": {**c["address"], **parts}} if "address" in c else c


def _typed(media_type: str) -> Change:
    """Return a change of the media type of an answer that is no refusal."""

    def change(response: Response) -> Response:
        if response.status_code == 200:  # noqa: PLR2004 -- the status itself
            response.headers["Content-Type"] = media_type
        return response

    return change


def _untyped(response: Response) -> Response:
    del response.headers["content-type"]
    return response


def _status(old: int, new: int) -> Change:
    def change(response: Response) -> Response:
        response.status_code = new if response.status_code == old else response.status_code
        return response

    return change


def _without_challenge(response: Response) -> Response:
    if "www-authenticate" in response.headers:
        del response.headers["www-authenticate"]
    return response


def _where_active(change: Change) -> Change:
    return lambda told: change(told) if told.get("active") else told


for one in (
    (CLAIMS, "NameIsNumber", "A name is a number.", "OIDCC-5.1/string-claims-are-strings",
     _claim("name", 5)),
    (CLAIMS, "EmailVerifiedIsText", "email_verified is a text.",
     "OIDCC-5.1/email-verified-boolean", _claim("email_verified", "true")),
    (CLAIMS, "PhoneNumberVerifiedIsText", "phone_number_verified is a text.",
     "OIDCC-5.1/phone-number-verified-boolean", _claim("phone_number_verified", "true")),
    (CLAIMS, "UpdatedAtIsDate", "updated_at is a date.", "OIDCC-5.1/updated-at-number",
     _claim("updated_at", "2024-01-01")),
    (CLAIMS, "AddressIsText", "address is a text.", "OIDCC-5.1/address-object",
     _claim("address", "Lindenallee 1")),
    (CLAIMS, "PostalCodeIsNumber", "postal_code is a number.",
     "OIDCC-5.1.1/address-members-are-strings", _address(postal_code=10115)),
    (CLAIMS, "AddressesDisagree", "formatted is another address.",
     "OIDCC-5.1.1/address-variants-agree", _address(formatted="elsewhere")),
    (CLAIMS, "EmailHasName", "email has a display name.", "OIDCC-5.1/email-addr-spec",
     _claim("email", "Alice <alice@people.example>")),
    (CLAIMS, "PictureIsNoUrl", "picture is no URL.", "OIDCC-5.1/picture-is-image",
     _claim("picture", "alice.png")),
    (CLAIMS, "PhoneNumberIsLocal", "phone_number has no country.",
     ["OIDCC-5.1/phone-number-e164", "OIDCC-5.1/verified-phone-number-e164"],
     _claim("phone_number", "030 5550100")),
    (CLAIMS, "BirthdateIsGerman", "birthdate is written 29.02.1984.",
     "OIDCC-5.1/birthdate-format", _claim("birthdate", "29.02.1984")),
    (CLAIMS, "ZoneIsUnknown", "zoneinfo is in no database.", "OIDCC-5.1/zoneinfo-iana-name",
     _claim("zoneinfo", "Europe/Nowhere")),
    (CLAIMS, "LocaleIsWord", "locale is no language tag.", "OIDCC-5.1/locale-bcp47",
     _claim("locale", "the German language")),
    (CLAIMS, "ScopesBringNothing", "UserInfo tells sub and nothing else.",
     ["OIDCC-5.4/profile-scope-claims", "OIDCC-5.4/email-scope-claims",
      "OIDCC-5.4/address-scope-claim", "OIDCC-5.4/phone-scope-claims",
      "OIDCC-5.4/scope-claims-from-userinfo"], lambda c: {"sub": c["sub"]}),
    (CLAIMS, "OpenidTellsEmail", "UserInfo tells the e-mail address to everybody.",
     "OIDCC-16.8/access-token-restricted", having(email="alice@people.example")),
    (USERINFO, "UserinfoIsArray", "UserInfo is an array.", "OIDCC-5.3.2/claims-as-json-object",
     lambda r: JSONResponse([]) if r.status_code == 200 else r),  # noqa: PLR2004 -- a status
    (USERINFO, "UserinfoIsText", "UserInfo is sent as a text.", "OIDCC-5.3.2/content-type-json",
     _typed("text/plain")),
    (USERINFO, "UserinfoIsLatin1", "UserInfo says that it is Latin-1.", "OIDCC-5.3.2/utf-8-body",
     _typed("application/json; charset=iso-8859-1")),
    (USERINFO, "BadTokenIs400", "A bad token is 400.", ["RFC6750-3.1/invalid-token-401",
     "RFC9110-11.4/bad-credentials-401",
     "OIDCC-5.3.3/bearer-error-form", "RFC9068-4/invalid-token-error"], _status(401, 400)),
    (USERINFO, "NoChallenge", "A refusal has no challenge.",
     ["RFC6750-3/www-authenticate-present", "RFC9110-11.4/bad-credentials-401"],
     _without_challenge),
    (CHALLENGE, "ChallengeIsBasic", "The challenge is Basic.",
     "RFC6750-3/challenge-scheme-bearer", lambda c: c.replace("Bearer", "Basic")),
    (CHALLENGE, "ChallengeHasNoScheme", "The challenge begins with its parameters, as they are.",
     "RFC6750-3/challenge-scheme-bearer",
     lambda c: c.replace("Bearer ", "").replace('"', "")),
    (CHALLENGE, "RealmIsThereTwice", "The challenge has two realms.", "RFC6750-3/realm-once",
     lambda c: c + ', realm="two"'),
    (CHALLENGE, "ScopeIsThereTwice", "The challenge has two scopes.", "RFC6750-3/scope-once",
     lambda c: c + ', scope="one", scope="two"'),
    (CHALLENGE, "ErrorIsThereTwice", "The challenge has two error descriptions.",
     "RFC6750-3/error-attributes-once",
     lambda c: c + ', error_description="one", error_description="two"',
     ["RFC6750-3.1/no-error-without-authentication"]),
    (CHALLENGE, "ScopeOfChallengeHasQuote", "The scope of a challenge has a quote.",
     "RFC6750-3/scope-charset", lambda c: c + ', scope="a\\"b"'),
    (CHALLENGE, "ErrorOfChallengeHasBackslash", "The description has a backslash.",
     "RFC6750-3/error-charset",
     lambda c: c.replace('error_description="', 'error_description="\\\\')),
    (CHALLENGE, "UriOfChallengeHasSpace", "The error_uri of a challenge has a space.",
     "RFC6750-3/error-uri-syntax", lambda c: c + ', error_uri="a b"',
     ["RFC6750-3.1/no-error-without-authentication"]),
    # introspection
    (TOLD, "ActiveIsText", "active is a text.", ["RFC7662-2.2/active-present-boolean",
     "RFC7662-2.2/unknown-token-inactive", "RFC7662-2.3/inactive-is-no-error"],
     lambda told: {**told, "active": str(told["active"]).lower()}),
    (TOLD, "AudienceOfTokenIsNumber", "aud is a number.", "RFC7662-2.2/aud-format",
     _where_active(having(aud=5))),
    (TOLD, "TokenIsOfAnotherClient", "client_id is another client.",
     "RFC7662-2.2/client-id-correct", _where_active(having(client_id="stranger"))),
    (TOLD, "TimesAreText", "The times are texts.", "RFC7662-2.2/timestamps-integers",
     _where_active(lambda told: {**told, "iat": str(told["iat"])})),
    (TOLD, "TokenHasNoScope", "No scope is told.", "RFC6750-5.2/scope-restricted",
     _where_active(lacking("scope"))),
    (TOLD, "TokenHasNoAudience", "No aud is told.",
     ["RFC6750-5.3/audience-restricted", "RFC9700-2.3/audience-restricted",
      "RFC9700-4.9.3/audience-against-replay"],
     _where_active(lacking("aud"))),
    (TOLD, "TokenIsOfAnotherIssuer", "iss is another issuer.", "RFC7662-2.2/iss-format",
     _where_active(having(iss="https://other.example"))),
    (TOLD, "ScopeOfTokenIsAnother", "scope is another one.", "RFC7662-2.2/scope-format",
     _where_active(having(scope="other"))),
    (TOLD, "TypeOfTokenIsItsKind", "token_type is access_token.",
     "RFC7662-2.2/token-type-as-issued", _where_active(having(token_type="access_token"))),  # noqa: S106
    (USERINFO, "UserinfoHasNoType", "UserInfo has no Content-Type.",
     ["OIDCC-5.3.2/content-type-present", "OIDCC-5.3.2/content-type-json"], _untyped),
    ("introspect", "IntrospectionIsText", "Introspection is sent as a text.",
     "RFC7662-2.2/json-object", _typed("text/plain")),
    ("introspect", "IntrospectionIsNotServed", "Introspection answers 501.",
     "RFC7662-2.1/post-form-accepted", lambda _response: PlainTextResponse("later", 501)),
    ("revoke", "RevocationIs204", "Revocation answers 204.",
     ["RFC7009-2.2/status-200", "RFC7009-2.2/unknown-token-200"], _status(200, 204),
     ["RFC7009-2/refresh-token-revocation", "RFC7009-2/access-token-revocation",
      "RFC7009-2.1/immediate", "RFC7009-2.1/cascade-from-refresh-token",
      "RFC7009-2.1/search-past-wrong-hint", "RFC7009-2.2/bad-hint-ignored"]),
    ("expires_in", "TokensLiveForEver", "Access tokens live for a century.",
     ["RFC6750-5.2/lifetime-limited", "RFC6750-5.3/short-lived"],
     lambda _seconds: 100 * 365 * 24 * 3600, ["RFC9068-2.2/exp"]),
):  # fmt: skip
    bend(*one)
