"""OpenID Connect Core 1.0, section 11: offline access, and the consent to it."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    authorization_response,
    error_code,
    gives_tokens,
    is_login_page,
    is_user_page,
    refused,
    requirement,
    response_member,
    tokens_of,
)

DECLINED = {"access_denied", "consent_required"}


def _honoured(trace: Trace, step: str) -> bool:
    """Return whether a refresh token came that is good for offline access."""
    if f"tokens-{step}" not in trace:
        return False
    members = tokens_of(trace, f"tokens-{step}")
    scope = str(members.get("scope", "offline_access")).split()
    return members.get("refresh_token") is not None and "offline_access" in scope


def _consent_pages(trace: Trace, step: str) -> list[Exchange]:
    """Return the pages of a step that asked a user who is logged in for something."""
    return [e for e in trace.steps(step) if is_user_page(e) and not is_login_page(e)]


def _assert_agreed_to(trace: Trace) -> None:
    """Complain if offline access is not asked about, or given to somebody who declined."""
    if not _honoured(trace, "granted"):
        raise EvidenceError("offline access was not granted, whoever agreed to it")
    assert _consent_pages(trace, "granted"), "nobody was asked before the refresh token came"
    exchange = trace["declined"]
    authorization_response(exchange)
    assert not gives_tokens(exchange), "a code was issued although the user declined"
    assert error_code(exchange) in DECLINED, f"the error is {error_code(exchange)}"


@requirement("OIDCC-11/offline-access-needs-consent-prompt")
def test_offline_access_needs_consent(offline_access_by_web_client: Trace) -> None:
    """Without prompt=consent offline access is ignored, unless there is another consent."""
    trace = offline_access_by_web_client
    if not _honoured(trace, "granted"):
        raise EvidenceError("offline access was not granted, whoever agreed to it")
    asked = _consent_pages(trace, "unprompted") or _consent_pages(trace, "granted")
    silently = _honoured(trace, "unprompted") and not asked
    assert not silently, "a refresh token came, and nobody was asked in any way"


@requirement("OIDCC-11/offline-access-consent-for-web")
def test_web_client_needs_consent(offline_access_by_web_client: Trace) -> None:
    """The user of a web client is asked, and gives nothing by declining."""
    _assert_agreed_to(offline_access_by_web_client)


@requirement("OIDCC-11/offline-access-consent-for-native")
def test_native_client_needs_consent(offline_access_by_native_client: Trace) -> None:
    """The user of a native client is asked, and gives nothing by declining."""
    _assert_agreed_to(offline_access_by_native_client)


@requirement("OIDCC-11/refresh-token-always-by-consent")
def test_no_offline_access_behind_the_back(
    offline_access_by_web_client: Trace, offline_access_of_new_client: Trace
) -> None:
    """Who never agreed to offline access does not grant it by a silent request."""
    trace = offline_access_of_new_client
    if not _honoured(trace, "granted"):
        raise EvidenceError("offline access was not granted, whoever agreed to it")
    assert not _honoured(trace, "silent"), "a silent request brought a refresh token for offline"
    declined = offline_access_by_web_client["declined"]
    if gives_tokens(declined) and not _consent_pages(offline_access_by_web_client, "declined"):
        raise EvidenceError("no consent was asked for, so it could not be declined")
    assert not gives_tokens(declined), "a code was issued although the user declined"


@requirement("OIDCC-11/offline-access-ignored-without-code")
def test_offline_access_is_ignored_without_code(offline_access_without_code: Trace) -> None:
    """Where no code is asked for, offline_access does neither good nor harm."""
    exchange = offline_access_without_code["asked"]
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    assert response_member(exchange, "refresh_token") is None, "a refresh token came by redirect"
