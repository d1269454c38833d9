"""What the model takes for certain, and what it leaves to the server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError, Unsuited
from idprobe.lifecycle import Claim, broken_story, event_of, run_through, stories
from idprobe.lifecycle.histories import histories, overlaps
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace

BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
URL: Final = "https://id.example/"
JSON: Final = (("Content-Type", "application/json"),)
KEPT: Final = "kept"
"""The name of an access token that comes without a refresh token."""


class Tale:
    """A trace of one story, written move by move."""

    def __init__(self, role: str = "web") -> None:
        self.role = role
        self.exchanges: list[Exchange] = []
        self.later_s = 0.0

    def _add(
        self, act: str, request: Request, status: int, body: dict[str, Any], role: str = ""
    ) -> "Tale":
        return self._note(act, request, Response(status, JSON, json.dumps(body).encode()), role)

    def _note(
        self, act: str, request: Request, response: Response | None, role: str = ""
    ) -> "Tale":
        number = len(self.exchanges) + 1
        began = BEGAN + timedelta(seconds=self.later_s + number / 100)
        step = f"1/{number:02}/{role or self.role}/{act}"
        failure = "timed out" if response is None else None
        self.exchanges.append(Exchange(request, response, began, 1_000_000, step, failure))
        return self

    def in_silence(self, act: str, **form: str) -> "Tale":
        """Add a request that nobody answers."""
        headers = (("Authorization", f"Bearer {form.get('token')}"),)
        request = Request.post_form(f"{URL}any", tuple(form.items()), headers=headers)
        return self._note(act, request, None)

    def authorize(self, code: str, scope: str | None = "openid a b") -> "Tale":
        asked = () if scope is None else (("scope", scope),)
        query = (*asked, ("code_challenge", "c"))
        self._add("authorize", Request.get(f"{URL}authorize", query), 302, {})
        landing = Landing("https://rp.example/cb", LandingMode.QUERY, (("code", code),))
        last = self.exchanges.pop()
        self.exchanges.append(
            Exchange(last.request, last.response, last.started_at, 1, last.step, landing=landing)
        )
        return self

    def _token(self, act: str, form: dict[str, str], gives: str, role: str, error: str) -> "Tale":
        request = Request.post_form(f"{URL}token", tuple(form.items()))
        if not gives:
            return self._add(act, request, 400, {"error": error}, role)
        body: dict[str, Any] = {"access_token": f"A{gives}", "expires_in": 600}
        body |= {} if gives == KEPT else {"refresh_token": f"R{gives}"}
        return self._add(act, request, 200, body, role)

    def redeem(self, code: str, gives: str = "", role: str = "", act: str = "redeem") -> "Tale":
        return self._token(act, {"code": code}, gives, role, "invalid_grant")

    def refresh(
        self, token: str, gives: str = "", role: str = "", error: str = "invalid_grant", **form: str
    ) -> "Tale":
        return self._token("refresh", {"refresh_token": token, **form}, gives, role, error)

    def revoke(self, token: str, role: str = "", error: str = "") -> "Tale":
        request = Request.post_form(f"{URL}revoke", (("token", token),))
        if error:
            return self._add("revoke", request, 400, {"error": error}, role)
        return self._add("revoke", request, 200, {}, role)

    def introspect(self, token: str, *, active: object, **said: str) -> "Tale":
        request = Request.post_form(f"{URL}introspect", (("token", token),))
        return self._add("introspect", request, 200, {"active": active, **said})

    def userinfo(self, token: str, status: int = 200, *, look: bool = False) -> "Tale":
        request = Request.get(f"{URL}me", headers=(("Authorization", f"Bearer {token}"),))
        return self._add(
            "userinfo/look" if look else "userinfo",
            request,
            status,
            {} if status == 200 else INVALID,
        )

    def later(self, seconds: float) -> "Tale":
        self.later_s += seconds
        return self

    def log_out(self) -> "Tale":
        return self._add("log-out", Request.get(f"{URL}logout"), 200, {})

    @property
    def broken(self) -> set[Claim]:
        """Which claims it breaks."""
        return set(run_through(stories(self.exchanges)["1"])[0])

    @property
    def trace(self) -> Trace:
        return Trace("token_stories", tuple(self.exchanges))


INVALID: Final = {"error": "invalid_token"}
ONCE: Final = Claim.CODE_ONCE


def begun(role: str = "web") -> Tale:
    return Tale(role).authorize("C1").redeem("C1", "1")


def test_a_code_that_is_redeemed_twice_breaks_a_claim() -> None:
    assert begun().redeem("C1", "2").broken == {Claim.CODE_ONCE}
    assert begun().redeem("C1").broken == set()


def test_a_replay_ends_what_was_refreshed_too() -> None:
    tale = begun().refresh("R1", "2").redeem("C1")

    assert tale.userinfo("A2").broken == {Claim.REPLAY_ENDS}


def test_a_replay_of_a_code_that_may_have_expired_ends_nothing() -> None:
    tale = begun()
    tale.later_s = 3.0

    assert tale.redeem("C1").userinfo("A1").broken == set()


def test_a_replay_by_another_client_ends_nothing_for_certain() -> None:
    assert begun().redeem("C1", role="second").userinfo("A1").broken == set()


def test_a_confidential_client_may_use_a_refresh_token_again() -> None:
    assert begun().refresh("R1", "2").refresh("R1", "3").broken == set()
    assert begun("public").refresh("R1", "2").refresh("R1", "3").broken == {Claim.ROTATED_ENDS}


def test_the_contract_may_let_a_public_client_do_so_for_a_while() -> None:
    assert begun("public+5s").refresh("R1", "2").refresh("R1", "3").broken == set()


def test_reuse_ends_the_refresh_tokens_of_a_public_client() -> None:
    tale = begun("public").refresh("R1", "2").refresh("R1").refresh("R2", "3")

    assert tale.broken == {Claim.REUSE_ENDS}


def test_a_revoked_refresh_token_that_comes_again_is_no_reuse() -> None:
    """A server that forgets what was revoked cannot tell whose it was."""
    tale = begun("public").refresh("R1", "2").revoke("R1").refresh("R1").refresh("R2", "3")

    assert tale.broken == set()


def test_what_was_revoked_stays_dead_through_all_that_follows() -> None:
    tale = begun().revoke("A1").userinfo("A1", 401).log_out().authorize("C2").redeem("C2", "2")

    assert tale.userinfo("A1").broken >= {Claim.REVOKED_ACCESS}


def test_a_refresh_token_takes_all_access_tokens_of_its_grant_along() -> None:
    assert begun().refresh("R1", "2").revoke("R2").userinfo("A1").broken == {Claim.CASCADE}


def test_an_access_token_may_take_its_refresh_token_along_or_not() -> None:
    assert begun().revoke("A1").refresh("R1").broken == set()
    assert begun().revoke("A1").refresh("R1", "2").broken == set()


def test_another_client_ends_nothing() -> None:
    tale = begun().introspect("A1", active=True).revoke("A1", "second")

    assert tale.introspect("A1", active=False).broken == {Claim.FOREIGN}


def test_where_no_refresh_token_ever_worked_another_client_ends_none() -> None:
    tale = begun().introspect("R1", active=True).revoke("R1", "second")

    assert tale.refresh("R1").broken == {Claim.REFRESH_WORKS}


def test_where_refresh_tokens_have_worked_another_client_may_end_one() -> None:
    tale = begun().refresh("R1", "2").revoke("R2", "second")

    assert tale.refresh("R2").broken == {Claim.FOREIGN}


def test_after_a_logout_nothing_is_certain() -> None:
    assert begun().userinfo("A1").log_out().userinfo("A1", 401).refresh("R1").broken == set()


def test_a_fresh_refresh_token_that_is_refused_breaks_the_promise() -> None:
    assert begun().refresh("R1").broken == {Claim.REFRESH_WORKS}
    assert begun().refresh("R1", error="invalid_client").broken == set()


def test_less_scope_is_no_less_the_next_time() -> None:
    tale = begun().refresh("R1", "2", scope="openid")

    assert tale.refresh("R2", "3", scope="openid a b").broken == set()
    assert tale.refresh("R3", "4", scope="openid c").broken == {Claim.SCOPE_BOUNDED}


def test_introspection_tells_no_scope_that_the_response_did_not() -> None:
    tale = begun().refresh("R1", "2", scope="openid")

    assert tale.introspect("A2", active=True, scope="openid a").broken == {Claim.SCOPE_TOLD}


def test_introspection_and_userinfo_agree() -> None:
    ended = begun().userinfo("A1").introspect("A1", active=True).log_out()
    assert ended.userinfo("A1", 401).introspect("A1", active=True).broken == {Claim.INTROSPECTED}

    ended = begun().userinfo("A1").introspect("A1", active=True).log_out()
    assert ended.introspect("A1", active=False).userinfo("A1").broken == {Claim.SERVED_DEAD}


def test_a_story_is_told_without_the_looks_that_it_does_not_rest_on() -> None:
    tale = begun().userinfo("A1", look=True).introspect("A1", active=True).revoke("A1")

    broken = broken_story(tale.userinfo("A1", look=True).trace, Claim.REVOKED_ACCESS)

    assert broken is not None
    assert broken.sentences == (
        "web is authorized with PKCE → code 1",
        "web redeems code 1 → access token 1 and refresh token 1",
        "web introspects access token 1 → active",
        "web revokes access token 1 → 200",
        "web calls userinfo with access token 1 → claims",
    )


def test_what_has_expired_is_dead_whatever_was_refreshed_since() -> None:
    tale = begun().refresh("R1", "2").later(602)

    assert tale.userinfo("A1").broken == {Claim.EXPIRED_SERVED}
    assert tale.introspect("A2", active=True).broken == {
        Claim.EXPIRED_SERVED,
        Claim.EXPIRED_ACTIVE,
    }


def test_a_token_is_not_expired_within_a_second_of_its_end() -> None:
    assert begun().later(600.5).userinfo("A1").introspect("A1", active=True).broken == set()


def test_a_token_that_never_worked_says_nothing_by_being_refused_after_its_end() -> None:
    with pytest.raises(Unsuited, match="that has expired opens nothing"):
        broken_story(begun().later(602).userinfo("A1", 401).trace, Claim.EXPIRED_SERVED)


def test_a_pause_is_told() -> None:
    broken = broken_story(begun().later(602).userinfo("A1").trace, Claim.EXPIRED_SERVED)

    assert broken is not None
    assert broken.sentences[-1] == "602.0 s later web calls userinfo with access token 1 → claims"


def test_a_claim_that_no_story_tried_is_not_kept() -> None:
    with pytest.raises(Unsuited, match="came to try whether a revoked access token"):
        broken_story(begun().trace, Claim.REVOKED_ACCESS)


def test_an_overload_says_nothing_of_a_token() -> None:
    assert begun().revoke("A1").userinfo("A1", 503).broken == set()


@pytest.mark.parametrize("act", ["introspect", "userinfo"])
def test_a_look_that_nobody_answers_changes_nothing(act: str) -> None:
    tale = begun().revoke("A1").in_silence(act, token="A1")

    assert tale.userinfo("A1").broken == {Claim.REVOKED_ACCESS}


@pytest.mark.parametrize(
    ("act", "form"), [("refresh", {"refresh_token": "R1"}), ("revoke", {"token": "R1"})]
)
def test_a_change_that_nobody_answers_may_have_been_made(act: str, form: dict[str, str]) -> None:
    assert begun().in_silence(act, **form).refresh("R1").broken == set()


def test_a_revocation_that_is_refused_leaves_open_what_it_ended() -> None:
    tale = begun().revoke("R1", error="unsupported_token_type")

    assert tale.refresh("R1").broken == set()
    assert begun().revoke("R1", error="invalid_client").refresh("R1", "2").broken == set()


def test_an_introspection_that_says_neither_is_not_counted() -> None:
    tale = begun().revoke("A1")

    assert tale.introspect("A1", active="yes").broken == set()
    assert tale.introspect("A1", active=True).broken == {Claim.INTROSPECTED}


def test_an_introspection_that_fails_is_not_counted() -> None:
    tale = begun().introspect("A1", active=True).in_silence("introspect", token="A1")

    assert tale.introspect("A1", active=True).broken == set()


def test_a_refresh_token_that_none_replaces_goes_on_to_work() -> None:
    tale = begun("public").refresh("R1", KEPT).refresh("R1", "2")

    assert tale.broken == set()
    assert tale.refresh("R1", "3").broken == {Claim.ROTATED_ENDS}


def test_where_nobody_said_a_scope_none_is_too_wide() -> None:
    tale = Tale().authorize("C1", scope=None).redeem("C1", "1")

    assert tale.refresh("R1", "2", scope="openid a b c").broken == set()


def test_a_story_tells_of_logouts_of_silence_and_of_one_token_by_one_name() -> None:
    tale = begun().refresh("R1", "1").log_out().in_silence("revoke", token="A1")

    broken = broken_story(tale.authorize("C2").redeem("C2", "2").redeem("C2", "3").trace, ONCE)

    assert broken is not None
    assert broken.sentences[2:5] == (
        "web refreshes with refresh token 1 → access token 1 and refresh token 1",
        "the user logs out",
        "web revokes access token 1 → no clear answer",
    )


def test_a_step_of_no_story_is_no_event() -> None:
    request = Request.get(f"{URL}authorize")

    with pytest.raises(EvidenceError, match="login is no step of a story"):
        event_of([Exchange(request, Response(200), BEGAN, 1, "login")])


def test_calls_overlap_where_one_begins_before_the_other_ends() -> None:
    (history,) = histories(begun().later(-0.01).userinfo("A1").exchanges)

    assert overlaps(history.calls) == 1


def test_calls_one_after_another_show_nothing_of_many_at_once() -> None:
    (history,) = histories(begun().exchanges)

    with pytest.raises(EvidenceError, match="no two calls of the history overlap"):
        overlaps(history.calls)
