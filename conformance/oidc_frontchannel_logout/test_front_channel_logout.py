"""Front-Channel Logout sections 2, 3 and 5: frames of the logout page, and what sid is like."""

from itertools import pairwise
from math import log2

from idprobe.checks import (
    FRONTCHANNEL_URI,
    OTHER_FRONTCHANNEL_URI,
    EvidenceError,
    Trace,
    client_information,
    id_token,
    is_registered,
    logout_frames,
    metadata,
    raise_if_unseen,
    requirement,
    text_in,
)

SUPPORTED = "frontchannel_logout_supported"
WITH_SESSION = "frontchannel_logout_session_supported"
URI = "frontchannel_logout_uri"
ENOUGH_BITS = 128


def _taken(trace: Trace, step: str) -> bool:
    """Return whether a URI was registered as it was sent, rather than refused or dropped."""
    if not is_registered(trace["front"]):
        raise EvidenceError("a good frontchannel_logout_uri was refused")
    return is_registered(trace[step]) and bool(client_information(trace[step]).get(URI))


@requirement("OIDCFCL-2/uri-shares-origin-with-redirect-uri")
def test_uri_of_another_origin_is_refused(logout_uris_registered: Trace) -> None:
    """A frontchannel_logout_uri of an origin without redirect URI is refused or dropped."""
    assert not _taken(logout_uris_registered, "front-origin"), "it was registered"


@requirement("OIDCFCL-2/uri-absolute")
def test_relative_uri_is_refused(logout_uris_registered: Trace) -> None:
    """A relative frontchannel_logout_uri is refused or dropped."""
    assert not _taken(logout_uris_registered, "front-relative"), "it was registered"


@requirement("OIDCFCL-2/uri-no-fragment")
def test_uri_with_fragment_is_refused(logout_uris_registered: Trace) -> None:
    """A frontchannel_logout_uri with a fragment is refused or dropped."""
    assert not _taken(logout_uris_registered, "front-fragment"), "it was registered"


@requirement("OIDCFCL-2/https-logout-uri")
def test_plain_uri_of_a_public_client_is_refused(logout_uris_registered: Trace) -> None:
    """A public client has no frontchannel_logout_uri of http."""
    assert not _taken(logout_uris_registered, "front-plain"), "it was registered"


@requirement("OIDCFCL-2/rendered-in-iframe")
def test_logout_uri_is_in_a_frame(frontchannel_logout: Trace) -> None:
    """The page after a logout loads the client's logout URI in an iframe."""
    loaded = logout_frames(frontchannel_logout, "logout", FRONTCHANNEL_URI)
    loaded += logout_frames(frontchannel_logout, "logout", OTHER_FRONTCHANNEL_URI)
    raise_if_unseen(frontchannel_logout, "logout", loaded)
    assert loaded, "no iframe has a logout URI"


@requirement("OIDCFCL-3/all-logged-in-rps-contacted")
def test_every_client_of_the_session_has_a_frame(frontchannel_logout: Trace) -> None:
    """The page after a logout loads the logout URI of both clients."""
    trace = frontchannel_logout
    missing = [
        uri
        for uri in (FRONTCHANNEL_URI, OTHER_FRONTCHANNEL_URI)
        if not logout_frames(trace, "logout", uri)
    ]
    raise_if_unseen(trace, "logout", not missing)
    assert not missing, f"no iframe has {' or '.join(missing)}"


def _query(trace: Trace) -> dict[str, str]:
    """Return the query of the first client's frame."""
    found = logout_frames(trace, "logout", FRONTCHANNEL_URI)
    if not found:
        raise EvidenceError("no iframe has the logout URI of the first client")
    return dict(found[0])


@requirement("OIDCFCL-2/uri-query-retained")
def test_query_is_kept(frontchannel_logout: Trace) -> None:
    """The query of frontchannel_logout_uri is in the frame's source."""
    assert _query(frontchannel_logout).get("a") == "1", "the query is another one"


@requirement("OIDCFCL-2/iss-and-sid-both-or-neither")
def test_issuer_and_session_come_together(frontchannel_logout: Trace) -> None:
    """Each frame has both iss and sid, or neither."""
    queries = [
        query
        for uri in (FRONTCHANNEL_URI, OTHER_FRONTCHANNEL_URI)
        for query in logout_frames(frontchannel_logout, "logout", uri)
    ]
    if not queries:
        raise EvidenceError("no iframe has a logout URI")
    for query in queries:
        names = {name for name, _ in query} & {"iss", "sid"}
        assert len(names) != 1, f"a frame has {names.pop()} alone"


@requirement("OIDCFCL-2/iss-and-sid-when-required")
def test_issuer_and_session_come_where_wanted(
    frontchannel_logout: Trace, metadata_documents: Trace
) -> None:
    """A client that wants them gets the issuer, and the sid of its ID Token."""
    query = _query(frontchannel_logout)
    issuer, sid = query.get("iss"), query.get("sid")
    assert issuer == text_in(metadata(metadata_documents), "issuer"), f"iss is {issuer}"
    known = id_token(frontchannel_logout, "tokens-one").claims.get("sid")
    assert sid, "sid is missing"
    assert sid == known, "sid is not the ID Token's"


@requirement("OIDCFCL-3/support-advertised")
def test_support_is_a_boolean(metadata_documents: Trace) -> None:
    """frontchannel_logout_supported is a boolean."""
    value = metadata(metadata_documents).get(SUPPORTED, False)
    assert isinstance(value, bool), f"{SUPPORTED} is {value!r}"


@requirement("OIDCFCL-3/session-support-advertised")
def test_session_support_is_a_boolean(metadata_documents: Trace) -> None:
    """frontchannel_logout_session_supported is there, a boolean."""
    value = metadata(metadata_documents).get(WITH_SESSION)
    assert isinstance(value, bool), f"{WITH_SESSION} is {value!r}"


def _sid(trace: Trace, step: str) -> str:
    """Return the sid of a step's ID Token; raises EvidenceError without one."""
    sid = id_token(trace, step).claim("sid")
    if not isinstance(sid, str) or not sid:
        raise EvidenceError("sid is no text")
    return sid


@requirement("OIDCFCL-3/sid-in-id-token")
def test_id_tokens_name_the_session(sessions_apart: Trace) -> None:
    """With support for sessions an ID Token has sid."""
    sid = id_token(sessions_apart, "first").claims.get("sid")
    assert isinstance(sid, str), "sid is missing or no text"
    assert sid, "sid is empty"


@requirement("OIDCFCL-3/sid-per-session")
def test_sessions_have_each_their_sid(sessions_apart: Trace) -> None:
    """One session has one sid, another session has another."""
    first, same, other = (_sid(sessions_apart, step) for step in ("first", "same", "other"))
    assert first == same, "sid changes within a session"
    assert first != other, "two sessions have one sid"


@requirement("OIDCFCL-3/sid-syntax")
def test_sid_is_printable_ascii(sessions_apart: Trace) -> None:
    """Sid has characters of printable ASCII alone."""
    sid = _sid(sessions_apart, "first")
    assert sid.isascii(), "sid has a character beyond ASCII"
    assert sid.isprintable(), "sid has a control character"


@requirement("OIDCFCL-5/sid-entropy")
def test_sid_cannot_be_guessed(sessions_apart: Trace, many_sessions: Trace) -> None:
    """The sid of many sessions differ, do not count upwards, and could have 128 bits."""
    found = [_sid(many_sessions, exchange.step) for exchange in many_sessions.steps("session")]
    found += [_sid(sessions_apart, step) for step in ("first", "other")]
    assert len(set(found)) == len(found), "a sid is repeated"
    alphabet = len({character for one in found for character in one})
    bits = min(len(one) for one in found) * log2(alphabet)
    assert bits >= ENOUGH_BITS, f"sid has at most {bits:.0f} bits"
    in_order = [_sid(many_sessions, exchange.step) for exchange in many_sessions.steps("session")]
    assert any(a > b for a, b in pairwise(in_order)), "the sids count upwards"
