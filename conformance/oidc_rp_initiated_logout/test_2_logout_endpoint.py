"""RP-Initiated Logout sections 2 and 2.1: what the Logout Endpoint takes, and when it asks."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    asks_the_user,
    documents,
    has_session,
    landing_after,
    metadata,
    needs_session,
    requirement,
    returned_to_client,
    sent_value,
    steps_returned_to_client,
)

FORGED = ("foreign-key", "unsigned", "no-jwt")
WITHOUT_HINT = ("bare", "bare-post", "by-client-id")
END = "end_session_endpoint"


@requirement("OIDCRIL-2.1/end-session-endpoint-advertised")
def test_endpoint_is_in_the_metadata(metadata_documents: Trace) -> None:
    """The metadata name the Logout Endpoint by an absolute URL."""
    url = metadata(metadata_documents).get(END)
    assert isinstance(url, str), "end_session_endpoint is no text"
    assert url.startswith(("https://", "http://")), "end_session_endpoint is no absolute URL"


@requirement("OIDCRIL-2.1/end-session-endpoint-https")
def test_endpoint_is_https(metadata_documents: Trace) -> None:
    """The Logout Endpoint has the scheme https."""
    for _, members in documents(metadata_documents):
        assert str(members.get(END, "https://")).startswith("https://"), f"{END} is not https"


@requirement("OIDCRIL-2/get-supported")
def test_get_is_taken(logout_by_get: Trace) -> None:
    """A logout by GET ends the session and leads back to the client."""
    needs_session(logout_by_get, "before")
    assert returned_to_client(logout_by_get, "logout"), (
        "the browser did not come back to the client"
    )
    assert not has_session(logout_by_get, "after"), "the session lives on"


@requirement("OIDCRIL-2/post-supported")
def test_post_is_taken(logout_by_post: Trace) -> None:
    """A logout by POST ends the session and leads back to the client."""
    assert returned_to_client(logout_by_post, "logout"), (
        "the browser did not come back to the client"
    )
    assert not has_session(logout_by_post, "after"), "the session lives on"


@requirement("OIDCRIL-2/yes-logs-out")
def test_yes_logs_out(logout_by_get: Trace) -> None:
    """Whoever says yes, or is not asked at all, is logged out."""
    needs_session(logout_by_get, "before")
    assert not has_session(logout_by_get, "after"), "the session lives on"


@requirement("OIDCRIL-2/yes-logs-out")
def test_yes_without_an_address_logs_out(logout_to_nowhere: Trace) -> None:
    """Whoever says yes is logged out, and stays at the server where no address was named.

    A server that wants to know more of the logout has asked nobody.
    """
    steps = ("nothing", "hint-alone", "state-alone")
    taken = [step for step in steps if logout_to_nowhere[step].answered.status < 400]
    if not taken:
        raise EvidenceError("no logout without an address is taken")
    for step in taken:
        needs_session(logout_to_nowhere, f"before-{step}")
        assert not has_session(logout_to_nowhere, f"after-{step}"), f"the session lives on: {step}"
        assert not returned_to_client(logout_to_nowhere, step), (
            f"the browser was sent to the client: {step}"
        )


@requirement("OIDCRIL-2/user-asked")
def test_person_is_asked(logout_by_get: Trace) -> None:
    """The person is asked whether to log out of the server too."""
    assert asks_the_user(logout_by_get, "logout"), "nobody was asked"


@requirement("OIDCRIL-2/state-passed-back")
def test_state_comes_back(logout_by_get: Trace, logout_by_post: Trace) -> None:
    """The state comes back as it was sent, and none where none was sent."""
    value = sent_value(logout_by_get, "logout", "state")
    states = landing_after(logout_by_get, "logout").values("state")
    assert states == (value,), "the state is not what was sent"
    assert not landing_after(logout_by_post, "logout").values("state"), "there is a state"


@requirement("OIDCRIL-2/ui-locales-never-an-error")
def test_unknown_languages_do_no_harm(logout_by_post: Trace) -> None:
    """A logout in languages that the server does not speak works all the same."""
    landing_after(logout_by_post, "logout")
    assert returned_to_client(logout_by_post, "locales"), (
        "the browser did not come back to the client"
    )


@requirement("OIDCRIL-2/hint-issuer-validated")
def test_forged_hints_end_nothing(logout_hints_forged: Trace) -> None:
    """A hint that the server did not issue neither logs out silently nor leads to the client."""
    landing_after(logout_hints_forged, "control")
    needs_session(logout_hints_forged, "before")
    away = steps_returned_to_client(logout_hints_forged, FORGED)
    assert not away, f"the browser was sent to the client: {', '.join(away)}"
    assert has_session(logout_hints_forged, "alive"), "a forged hint ended the session"


@requirement("OIDCRIL-2/client-id-matches-hint")
def test_hint_is_of_the_client(logout_for_another_client: Trace) -> None:
    """A hint that was issued to another client than the one named is not taken."""
    landing_after(logout_for_another_client, "control")
    away = steps_returned_to_client(logout_for_another_client, ("other-client",))
    assert not away, "the browser was sent back to the client"


@requirement("OIDCRIL-2/expired-hint-accepted")
def test_expired_hint_is_taken(logout_after_the_hint_expired: Trace) -> None:
    """An ID Token past its expiry still says who wants to log out."""
    needs_session(logout_after_the_hint_expired, "before")
    landing_after(logout_after_the_hint_expired, "control")
    assert returned_to_client(logout_after_the_hint_expired, "expired"), "the hint was not taken"
    assert not has_session(logout_after_the_hint_expired, "after"), "the session lives on"


@requirement("OIDCRIL-2/user-asked-without-hint", "OIDCRIL-6/confirmation-without-valid-hint")
def test_nobody_is_logged_out_unasked(logout_without_hint: Trace) -> None:
    """Without a hint the session lives on until the person says yes."""
    needs_session(logout_without_hint, "before")
    for step in WITHOUT_HINT:
        assert has_session(logout_without_hint, f"after-{step}"), f"nobody was asked: {step}"


@requirement("OIDCRIL-2/user-asked-for-foreign-hint")
def test_hint_of_another_needs_a_yes(logout_hint_of_another: Trace) -> None:
    """A hint of another user, or of another session, logs nobody out unasked."""
    landing_after(logout_hint_of_another, "control")
    for step in ("other-user", "other-session"):
        needs_session(logout_hint_of_another, f"before-{step}")
        assert has_session(logout_hint_of_another, f"after-{step}"), f"nobody was asked: {step}"
