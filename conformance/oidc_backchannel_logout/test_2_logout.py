"""Back-Channel Logout sections 2.1 to 2.3, 2.5, 2.7 and 2.8: who is told of a logout, and how."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    form_pairs,
    id_token,
    is_registered,
    logout_calls,
    metadata,
    refused,
    requirement,
)

FORM = "application/x-www-form-urlencoded"
AT_ONCE_S = 1.0
SUPPORTED = "backchannel_logout_supported"
WITH_SESSION = "backchannel_logout_session_supported"
URI = "backchannel_logout_uri"


@requirement("OIDCBCL-2.1/support-advertised")
def test_support_is_a_boolean(metadata_documents: Trace) -> None:
    """backchannel_logout_supported is a boolean."""
    value = metadata(metadata_documents).get(SUPPORTED, False)
    assert isinstance(value, bool), f"{SUPPORTED} is {value!r}"


@requirement("OIDCBCL-2.1/session-support-advertised")
def test_session_support_is_a_boolean(metadata_documents: Trace) -> None:
    """backchannel_logout_session_supported is there, a boolean."""
    value = metadata(metadata_documents).get(WITH_SESSION)
    assert isinstance(value, bool), f"{WITH_SESSION} is {value!r}"


@requirement("OIDCBCL-2.1/sid-in-id-token")
def test_id_tokens_name_the_session(backchannel_logout: Trace) -> None:
    """The ID Token of a client that wants sid in Logout Tokens has it too."""
    sid = id_token(backchannel_logout, "tokens-one").claims.get("sid")
    assert isinstance(sid, str), "sid is missing or no text"
    assert sid, "sid is empty"


def _taken(trace: Trace, step: str) -> bool:
    """Return whether a URI was registered as it was sent, rather than refused or dropped."""
    if not is_registered(trace["back"]):
        raise EvidenceError("a good backchannel_logout_uri was refused")
    return is_registered(trace[step]) and bool(client_information(trace[step]).get(URI))


@requirement("OIDCBCL-2.2/uri-absolute")
def test_relative_uri_is_refused(logout_uris_registered: Trace) -> None:
    """A relative backchannel_logout_uri is refused or dropped."""
    assert not _taken(logout_uris_registered, "back-relative"), "it was registered"


@requirement("OIDCBCL-2.2/uri-no-fragment")
def test_uri_with_fragment_is_refused(logout_uris_registered: Trace) -> None:
    """A backchannel_logout_uri with a fragment is refused or dropped."""
    assert not _taken(logout_uris_registered, "back-fragment"), "it was registered"


@requirement("OIDCBCL-2.2/https-logout-uri")
def test_plain_uri_of_a_public_client_is_refused(logout_uris_registered: Trace) -> None:
    """A public client has no backchannel_logout_uri of http."""
    assert not _taken(logout_uris_registered, "back-plain"), "it was registered"


@requirement("OIDCBCL-2.2/uri-query-retained")
def test_query_is_kept(backchannel_logout: Trace) -> None:
    """The query of backchannel_logout_uri is in the request."""
    found = logout_calls(backchannel_logout, "told")
    if not found:
        raise EvidenceError("the client was not told of the logout")
    assert ("a", "1") in found[0].request.query, "the query is another one"


@requirement("OIDCBCL-2.3/all-logged-in-rps-contacted")
def test_every_client_of_the_session_is_told(backchannel_logout: Trace) -> None:
    """Both clients of the session are told of the logout."""
    silent = [step for step in ("told", "told-other") if not logout_calls(backchannel_logout, step)]
    backchannel_logout.decide(backchannel_logout["logout"])
    assert not silent, f"the server sent nothing to {' and '.join(silent)}"


@requirement("OIDCBCL-2.5/form-post")
def test_token_is_posted_as_a_form(backchannel_logout: Trace) -> None:
    """A Logout Token comes as logout_token in the form of a POST."""
    found = logout_calls(backchannel_logout, "told")
    if not found:
        raise EvidenceError("the client was not told of the logout")
    for call in found:
        request = call.request
        assert request.method == "POST", f"the method is {request.method}"
        media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
        assert media_type == FORM, f"the media type is {media_type or 'missing'}"
        names = [name for name, _ in form_pairs(request.body)]
        assert "logout_token" in names, "there is no logout_token in the form"


@requirement("OIDCBCL-2.5/retransmission-delayed")
def test_repetition_takes_its_time(backchannel_answers: Trace) -> None:
    """After a failure that may pass the request does not come again at once."""
    found = logout_calls(backchannel_answers, "told-503")
    if len(found) == 1:
        return
    if not found:
        raise EvidenceError("the client was not told of the logout")
    apart_s = (found[1].started_at - found[0].started_at).total_seconds()
    assert apart_s >= AT_ONCE_S, f"it came again after {apart_s:.2f} s"


@requirement("OIDCBCL-2.5/no-other-retransmission")
def test_request_is_not_repeated(backchannel_answers: Trace) -> None:
    """After 200 and after 400 the request does not come again."""
    for step in ("told-200", "told-400"):
        found = logout_calls(backchannel_answers, step)
        if not found:
            raise EvidenceError(f"the server sent nothing to {step}")
        assert len(found) == 1, f"{step}: it came {len(found)} times"


@requirement("OIDCBCL-2.8/204-is-success")
def test_204_is_a_success(backchannel_answers: Trace) -> None:
    """After 204 the request does not come again."""
    found = logout_calls(backchannel_answers, "told-204")
    if not found:
        raise EvidenceError("the server sent nothing to told-204")
    assert len(found) == 1, f"it came {len(found)} times"


def _refreshed(trace: Trace, name: str) -> bool:
    """Return whether a refresh token still worked after the logout."""
    step = f"refresh-{name}"
    if step not in trace:
        raise Unsuited(f"there is no refresh token of an {name} session")
    return not refused(trace[step])


@requirement("OIDCBCL-2.7/refresh-tokens-revoked")
def test_online_refresh_tokens_end(tokens_after_logout: Trace) -> None:
    """A refresh token without offline_access ends with the session."""
    assert not _refreshed(tokens_after_logout, "online"), "it works after the logout"


@requirement("OIDCBCL-2.7/offline-refresh-tokens-kept")
def test_offline_refresh_tokens_last(tokens_after_logout: Trace) -> None:
    """A refresh token with offline_access outlives the session."""
    assert _refreshed(tokens_after_logout, "offline"), "it was revoked with the session"
