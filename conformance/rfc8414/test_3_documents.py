"""RFC 8414 section 3: where the metadata are, and how they are served."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    document,
    documents,
    oauth_document,
    page_response,
    requirement,
    url_parts,
)

OAUTH = "oauth-authorization-server"
FOREIGN = "idprobe.invalid"
NOT_THERE = frozenset({400, 401, 403, 404, 405, 410})
LISTS = (
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "ui_locales_supported",
)


def _made_from(url: str) -> str:
    """Return the issuer, without terminating slash, from which a well-known URL was made."""
    parts = url_parts(url)
    path = parts.path.removeprefix(f"/.well-known/{OAUTH}")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _served(trace: Trace) -> int:
    """Return the status at OAuth's own place; raises Unsuited if only OpenID's has a document."""
    statuses = {exchange.step: exchange.answered.status for exchange in trace}
    if statuses[OAUTH] in NOT_THERE and statuses.get("openid-configuration") == 200:
        raise Unsuited("the server has the OpenID configuration only")
    return statuses[OAUTH]


@requirement("RFC8414-3/published-at-well-known-path")
def test_metadata_are_at_the_well_known_path(document_of_plain_issuer: Trace) -> None:
    """The document is where its URL is made from the issuer."""
    status = _served(document_of_plain_issuer)
    assert status == 200, f"status is {status}"


@requirement("RFC8414-3/published-at-well-known-path", "RFC8414-3.1/trailing-slash-removed")
def test_metadata_of_an_issuer_with_slash_are_at_the_well_known_path(
    document_of_slash_issuer: Trace,
) -> None:
    """A terminating slash of the issuer does not count."""
    status = _served(document_of_slash_issuer)
    assert status == 200, f"status is {status}"


@requirement("RFC8414-3.3/issuer-identical")
def test_issuer_is_what_the_url_was_made_from(document_of_plain_issuer: Trace) -> None:
    """The document speaks for the issuer that was asked."""
    exchange = document_of_plain_issuer[OAUTH]
    issuer = oauth_document(document_of_plain_issuer).get("issuer")
    assert issuer == _made_from(exchange.request.url), "issuer is another one"


@requirement("RFC8414-3.3/issuer-identical")
def test_issuer_with_slash_is_what_the_url_was_made_from(document_of_slash_issuer: Trace) -> None:
    """The document speaks for the issuer that was asked, its slash included."""
    exchange = document_of_slash_issuer[OAUTH]
    issuer = oauth_document(document_of_slash_issuer).get("issuer")
    assert issuer == _made_from(exchange.request.url) + "/", "issuer is another one"


@requirement("RFC8414-3.1/get-served")
def test_metadata_are_served_to_anybody(metadata_requests: Trace) -> None:
    """A bare GET gets the document."""
    for step in ("bare", "again"):
        status = metadata_requests[step].answered.status
        assert status == 200, f"status is {status}"


@requirement("RFC8414-3.2/status-200-json")
def test_metadata_are_json(metadata_documents: Trace) -> None:
    """The document is an object of JSON, and says so."""
    for exchange, members in documents(metadata_documents):
        metadata_documents.decide(exchange)
        response = exchange.answered
        assert response.status == 200, f"status is {response.status}"
        media_type = response.media_type
        assert media_type == "application/json", f"the media type is {media_type}"
        assert members, "the object is empty"


@requirement("RFC8414-3.2/multiple-values-as-arrays")
def test_lists_are_arrays_of_strings(metadata_documents: Trace) -> None:
    """What lists values is an array of strings."""
    for _, members in documents(metadata_documents):
        for name, value in members.items():
            if name in LISTS or name.endswith(("_methods_supported", "_values_supported")):
                assert isinstance(value, list), f"{name} is no array"
                strings = all(isinstance(one, str) for one in value)
                assert strings, f"{name} has a member that is no string"


@requirement("RFC8414-3.2/empty-members-omitted")
def test_empty_lists_are_left_out(metadata_documents: Trace) -> None:
    """A list without elements is not there."""
    for _, members in documents(metadata_documents):
        empty = sorted(name for name, value in members.items() if value == [])
        assert not empty, f"{', '.join(empty)} has no elements"


@requirement("RFC8414-3.3/unconfigured-host-not-followed")
def test_metadata_do_not_follow_the_host_header(foreign_host: Trace) -> None:
    """Whoever sends another Host does not move the endpoints there."""
    if not foreign_host["usual"].answered.is_success:
        raise EvidenceError("no document is served any more")
    for step in ("host", "x-forwarded-host", "forwarded"):
        response = foreign_host[step].answered
        followed = FOREIGN in response.text and response.is_success
        assert not followed, f"the document names the foreign host ({step})"


@requirement("RFC8414-3.3/unconfigured-host-not-followed")
def test_authorization_does_not_follow_the_host_header(foreign_host_authorization: Trace) -> None:
    """Whoever sends another Host does not move the login there."""
    page_response(foreign_host_authorization["usual"])
    for step in ("host", "x-forwarded-host"):
        location = foreign_host_authorization[step].answered.header("location") or ""
        assert url_parts(location).hostname != FOREIGN, f"it redirects to the foreign host ({step})"


@requirement("RFC9068-4/metadata-and-discovery-consistent")
def test_both_documents_agree(metadata_documents: Trace) -> None:
    """What both documents say they say alike."""
    oauth = oauth_document(metadata_documents)
    if metadata_documents["openid-configuration"].answered.status >= 400:
        raise Unsuited("the server has no OpenID configuration")
    openid = document(metadata_documents, "openid-configuration")
    common = oauth.keys() & openid.keys()
    differing = sorted(name for name in common if oauth[name] != openid[name])
    assert not differing, f"they differ in {', '.join(differing)}"
