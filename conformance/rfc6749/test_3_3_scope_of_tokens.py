"""RFC 6749 section 3.3: scope, as the token endpoint understands and tells it."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    error_code,
    granted_scope,
    refused,
    requirement,
    sent_value,
    token_members,
)

UNKNOWN = "idprobe_no_such_scope"
MALFORMED = ("quote", "backslash", "control", "not_ascii")
ODD = ("comma", "tab", "line-break", "nul", "quote")


def _told(exchange: Exchange) -> list[str]:
    """Return the scope values that a token response tells; none if it tells nothing."""
    scope = token_members(exchange).get("scope", "")
    return scope.split() if isinstance(scope, str) else []


def _introspected(trace: Trace) -> list[str]:
    """Return the scope values that introspection tells; none if it was not asked, or refused."""
    if "introspect" not in trace or not trace["introspect"].answered.is_success:
        return []
    return str(trace["introspect"].answered.json_object.get("scope", "")).split()


@requirement("RFC6749-3.3/scope-case-sensitive")
def test_scope_in_another_case_is_another(client_credentials_scopes: Trace) -> None:
    """A known scope in changed case is not granted as the known one."""
    exchange = client_credentials_scopes["other_case"]
    asked = exchange.request.parameter("scope") or ""
    control = client_credentials_scopes["control"]

    if refused(exchange):
        return
    told = _told(exchange)
    if not told and not _told(control):
        raise EvidenceError("the server does not tell which scope a token has")
    assert asked.swapcase() not in told, "a scope in another case is granted as the known one"


@requirement("RFC6749-3.3/scope-order-irrelevant")
def test_order_of_scope_does_not_matter(orders_of_scope: Trace) -> None:
    """Two scopes asked for in either order are granted alike."""
    forward, backward = orders_of_scope["forward"], orders_of_scope["backward"]
    requests = (exchange.request for exchange in orders_of_scope)
    asked = next(filter(None, (request.parameter("scope") for request in requests)), None)

    one, other = granted_scope(forward, asked), granted_scope(backward, asked)

    assert one == other, f"{sorted(one)} is granted, and {sorted(other)} in the other order"


@requirement("RFC6749-3.3/scope-syntax")
def test_malformed_scope_is_not_granted(client_credentials_scopes: Trace) -> None:
    """A value with a quote, a backslash, a control character or one beyond ASCII is no scope."""
    for name in MALFORMED:
        exchange = client_credentials_scopes[f"malformed/{name}"]
        assert exchange.answered.status != 500, f"{name}: the server crashes"
        if not refused(exchange):
            told = _told(exchange)
            assert not any("idprobe" in value for value in told), f"{name}: it is granted"
            assert told, f"{name}: the scope that was granted instead is not told"


@requirement("RFC6749-3.3/granted-scope-told-if-different", "RFC6749-5.1/scope-told-if-different")
def test_narrowed_scope_is_told(client_credentials_scopes: Trace) -> None:
    """If a scope is left out, the response says which are granted.

    None is where one is granted although nobody knows it: RFC 6749 section 5.2 is about that.
    """
    exchange = client_credentials_scopes["partly_unknown"]

    if not refused(exchange) and UNKNOWN not in _introspected(client_credentials_scopes):
        assert _told(exchange), "the response does not tell that a scope was left out"


@requirement("RFC6749-3.3/omitted-scope-default-or-error")
def test_without_scope_there_is_a_default_or_invalid_scope(
    client_credentials_scopes: Trace,
) -> None:
    """A request without scope is served, or refused with invalid_scope."""
    exchange = client_credentials_scopes["omitted"]

    if refused(exchange):
        code = error_code(exchange)
        assert code == "invalid_scope", f"the error is {code}"


@requirement("RFC6749-A.4/scope-syntax")
def test_scope_of_a_token_response_is_well_formed(code_answer: Trace) -> None:
    """The values of scope are printable, without quotes, and apart by single spaces."""
    exchange = code_answer["tokens"]
    members = token_members(exchange)
    if "scope" not in members:
        raise Unsuited("the token response has no scope")

    scope = members["scope"]

    assert isinstance(scope, str), "scope is no string"
    values = scope.split(" ")
    fits = all(value and all(_is_scope_character(char) for char in value) for value in values)
    assert fits, f"scope is {scope[:60]!r}"


def _is_scope_character(char: str) -> bool:
    return "!" <= char <= "~" and char not in '"\\'


@requirement("RFC6749-3.3/scope-syntax")
def test_nothing_but_a_space_separates_scopes(scopes_separated_oddly: Trace) -> None:
    """A comma, a tab and the like between two scopes do not add the second."""
    trace = scopes_separated_oddly
    second = sent_value(trace, "comma", "scope").rpartition(",")[2]
    if second in _told(trace["tokens-alone"]):
        raise Unsuited(f"the scope {second} is granted without being asked for")
    granted = [step for step in ODD if f"tokens-{step}" in trace]
    wrong = [step for step in granted if second in _told(trace[f"tokens-{step}"])]
    scopes_separated_oddly.decide_by(wrong)
    assert not wrong, f"the second scope is granted too: {', '.join(wrong)}"
