"""What answers under load are held to: requirements of the catalogue, by id."""

from typing import Final

__all__ = [
    "CODE_ONCE",
    "DOCUMENTS",
    "FRESH",
    "ID_TOKEN",
    "INTROSPECTION",
    "NO_PAGE",
    "OF_ONE_CLIENT",
    "OF_ONE_USER",
    "REFRESH_CHAIN",
    "REFUSAL",
    "TOKEN_RESPONSE",
    "USERINFO",
    "WHEN_TO_RETURN",
]

OF_ONE_CLIENT: Final = "RFC6749-10.3/token-of-one-client-under-load"
OF_ONE_USER: Final = "RFC6749-1.4/token-of-one-grant-under-load"
TOKEN_RESPONSE: Final = "RFC6749-5.1/token-response-under-load"  # noqa: S105 -- the name of a rule
REFUSAL: Final = "RFC6749-5.2/refusal-in-form-under-load"
NO_PAGE: Final = "RFC6749-5.2/no-page-under-load"
REFRESH_CHAIN: Final = "RFC6749-6/refresh-chain-under-load"
CODE_ONCE: Final = "RFC6749-10.5/code-works-once-under-load"
ID_TOKEN: Final = "OIDCC-2/id-token-of-this-login-under-load"  # noqa: S105 -- the name of a rule
USERINFO: Final = "OIDCC-5.3.2/userinfo-of-this-user-under-load"
INTROSPECTION: Final = "RFC7662-2.2/fresh-token-active-under-load"
DOCUMENTS: Final = "RFC8414-3.3/documents-under-load"
WHEN_TO_RETURN: Final = "RFC9110-10.2.3/retry-after-under-load"
FRESH: Final = "contract/fresh_token_per_request"
