"""What a check may import: all that it may use is imported here.

A check is a function below `conformance/`: its arguments name probes (each is a Trace), its
`@requirement` names what is judged, its body is the claim. AssertionError means violated; an
EvidenceError raised on the way means that the evidence cannot tell.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.http_dates import http_date
from idprobe.formats.jose import read_jwt, verified_by
from idprobe.formats.schemas import best_error
from idprobe.lifecycle import Claim, broken_history, broken_story
from idprobe.model.exchange import (
    Exchange,
    Landing,
    LandingMode,
    Request,
    Response,
    form_pairs,
    parse_json,
)
from idprobe.model.trace import Trace
from idprobe.probes.clients.assertion_grants import FORGED_ASSERTIONS, INVALID_ASSERTIONS
from idprobe.probes.clients.jwts_out_of_place import CHOSEN_SECRET
from idprobe.probes.http.webfinger import ISSUER_RELATION
from idprobe.probes.logout.frontchannel import FRONTCHANNEL_URI, OTHER_FRONTCHANNEL_URI
from idprobe.probes.request_objects.request_objects import IN_OBJECT
from idprobe.probes.request_objects.request_uri import BEHIND_URI
from idprobe.probes.steps.client_pages import NO_ANSWER
from idprobe.probes.users.new_accounts import UNKNOWN_PROMPT
from idprobe.reading.answers import (
    Flaw,
    error_code,
    gives_tokens,
    is_error_page,
    is_token_accepted,
    refused,
    token_error,
)
from idprobe.reading.authorization.consents import (
    consent_page,
    consent_pages,
    words_of_consent_page,
)
from idprobe.reading.authorization.guesses import slowed_down
from idprobe.reading.authorization.landings import (
    ATTACKER,
    accepted_redirect_uris,
    accepts_redirect_uri,
    access_token_stopped_working,
    all_landings,
    authorization_response,
    denied_exchange,
    error_landings,
    experiments_ended,
    open_redirects,
    repeated_names,
    response_types_tried,
    sends_to_redirect_uri,
    sent_value,
    steps_leading_to,
)
from idprobe.reading.authorization.pages import (
    carries_password,
    frame_ancestors,
    framed_by_nobody,
    is_login_page,
    is_user_page,
    page_of,
    page_response,
    pages_shown,
    password_posts,
    user_pages_of,
)
from idprobe.reading.challenges import Challenge, bearer_challenge, challenges
from idprobe.reading.channels import (
    is_secure,
    requested_endpoints,
    tls_hosts,
    tls_versions,
    tls_versions_by_offer,
    without_tls,
)
from idprobe.reading.logout.logout_calls import (
    LOGOUT_EVENT,
    logout_calls,
    logout_event,
    logout_frames,
    logout_jwt,
    logout_jwts,
    logout_token_header,
    raise_if_unseen,
)
from idprobe.reading.logout.logouts import (
    asks_the_user,
    has_session,
    landing_after,
    needs_session,
    returned_to_client,
    steps_returned_to_client,
)
from idprobe.reading.members import object_in, objects_in, text_in, texts_in
from idprobe.reading.properties.encodings import (
    flaw_garbled_scope_granted,
    flaw_in_answer,
    flaw_in_error_description,
    flaw_not_authenticated,
    flaw_not_granted,
    flaw_not_refused_with,
    flaw_other_outcome,
    flaw_other_scope,
    flaw_repeated_parameter,
    flaw_tokens_given,
    flaw_unknown_client,
    flaw_unknown_grant,
    flaw_unknown_grant_type,
    flaw_unrequested_scope,
    flaw_wider_scope,
)
from idprobe.reading.properties.examples import first_flaw
from idprobe.reading.properties.redirected import (
    flaw_redirect_uri_accepted,
    flaw_redirect_uri_refused,
)
from idprobe.reading.properties.returned import (
    flaw_nonce_changed,
    flaw_nonce_refused_or_changed,
    flaw_state_changed,
)
from idprobe.reading.properties.tampered import (
    flaw_forged_token_accepted,
    flaw_forged_token_active,
    flaw_token_ended,
    flaw_token_refused,
)
from idprobe.reading.races import Race, races_of, require_small_window, revocations
from idprobe.reading.refusals import NOT_PROVEN, flaw_in_refusals, flaw_not_refused, refused_as
from idprobe.reading.registered import (
    client_information,
    is_registered,
    opens_configuration,
    refused_on_own_page,
    refused_registrations,
    registration_error,
    usable_without_redirect_uri,
)
from idprobe.reading.tokens.issued import (
    SKEW_S,
    IssuedJwt,
    access_jwt,
    access_token_scope,
    assert_silent,
    audiences,
    document,
    documents,
    id_token,
    is_compact_jwt,
    is_number,
    issued_jwts,
    left_half,
    lifetime_s,
    metadata,
    oauth_document,
    published_keys,
    response_member,
    sent_parameter,
    server_time_s,
    tokens_of,
    verifier_of,
)
from idprobe.reading.tokens.keys import integer_member
from idprobe.reading.tokens.profiled import JWT_ACCESS_TOKEN_TYPES, jwt_access_token
from idprobe.reading.tokens.protected import (
    claims_told,
    encryption_of,
    id_token_fact,
    keys_offered,
    opened_by,
    registered_value,
    steps_below,
    userinfo_claims,
    userinfo_fact,
)
from idprobe.reading.tokens.targets import audience, resources_named, scope_of_token, stays_within
from idprobe.reading.tokens.token_responses import (
    error_response,
    exchanges_with_errors,
    granted_scope,
    is_granted,
    texts_without_secrets,
    token_members,
    token_response,
)
from idprobe.reading.under_load import flaw_under_load
from idprobe.reading.urls import url_parts
from idprobe.redaction import PSEUDONYM

Check = TypeVar("Check", bound=Callable[..., None])
REQUIREMENTS: Final = "requirements"
"""The attribute of a check that names what it judges."""


def requirement(*identifiers: str) -> Callable[[Check], Check]:
    """Say which requirements of the catalogue a check judges."""

    def attach(check: Check) -> Check:
        vars(check)[REQUIREMENTS] = (*vars(check).get(REQUIREMENTS, ()), *identifiers)
        return check

    return attach


def contract(*keys: str) -> Callable[[Check], Check]:
    """Say which promises of the provider's own documentation a check judges."""
    return requirement(*(f"contract/{key}" for key in keys))


def flaw_by_schema(members: Any, schema_name: str) -> Flaw | None:
    """Return what is wrong with a document by a schema of `fixtures/schemas`; None if nothing."""
    error = best_error(members, schema_name)
    return Flaw(error) if error else None
