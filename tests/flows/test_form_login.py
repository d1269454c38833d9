"""Login and consent pages as servers in the field have them, each in our own words."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idprobe.flows import HumanStep, Landed, Stopped
from idprobe.login.forms.form_login import form_login
from idprobe.login.forms.journey import NEEDS_SCRIPTS
from idprobe.model.exchange import Agent, LandingMode, Request, Response, form_pairs
from idprobe.model.profile import User

Drive = Callable[..., tuple[list[Any], Any]]
ALICE = User("alice", "alice@x.test", "päss word&1")
START = Request.get("https://op.test/auth?client_id=app", agent=Agent.USER)
CALLBACK = "https://rp.test/cb"
REDIRECT = (CALLBACK, "com.example.app:/done")


def html(body: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    kind = (("Content-Type", "text/html; charset=utf-8"), *headers)
    return Response(status, kind, f"<!doctype html><html><body>{body}".encode())


def to(location: str, status: int = 302) -> Response:
    return Response(status, (("Location", location),))


def step(user: User | None = ALICE, *, deny: bool = False) -> HumanStep:
    return HumanStep(START, REDIRECT, user, deny)


HOME = to(f"{CALLBACK}?code=c&state=s")
PLAIN_LOGIN = html(
    "<form method=post action=/login><input name=user><input type=password name=pw>"
    "<button>Sign in</button></form>"
)


def posted(request: Request) -> list[tuple[str, str]]:
    assert request.method == "POST"
    assert request.agent is Agent.USER
    return list(request.form)


def test_a_redirect_to_the_redirect_uri_lands_and_is_not_followed(drive: Drive) -> None:
    sent, ended = drive(form_login(step()), [HOME])

    assert sent == [START]
    assert isinstance(ended, Landed)
    assert ended.landing.mode is LandingMode.QUERY
    assert ended.landing.redirect_uri == CALLBACK
    assert ended.landing.parameters == (("code", "c"), ("state", "s"))


def test_a_hint_tells_the_field_for_one_time_codes(drive: Drive) -> None:
    user = User("alice", "alice@x.test", "pw", totp_secret="JBSWY3DPEHPK3PXP")
    asks = html("<form method=post action=/second><input name=zahl><button>OK</button></form>")

    sent, ended = drive(
        form_login(step(user), {"totp_field": "[name=zahl]"}), [PLAIN_LOGIN, asks, HOME]
    )

    assert isinstance(ended, Landed)
    assert dict(posted(sent[2]))["zahl"].isdigit()


@pytest.mark.parametrize(
    "page",
    [
        "<div id=app></div><script>render()</script>",
        "<form><input name=user><input type=password name=pw></form><script>send()</script>",
        "<form method=post><input name=user><input type=password></form><script>send()</script>",
    ],
)
def test_a_page_that_needs_scripts_is_named_so(drive: Drive, page: str) -> None:
    sent, ended = drive(form_login(step()), [html(page)])

    assert len(sent) == 1
    assert isinstance(ended, Stopped)
    assert ended.why == NEEDS_SCRIPTS


def test_a_script_beside_a_whole_form_is_not_needed(drive: Drive) -> None:
    page = html(PLAIN_LOGIN.text + "<script>decorate()</script>")

    _, ended = drive(form_login(step()), [page, HOME])

    assert isinstance(ended, Landed)


def test_a_fragment_response_lands(drive: Drive) -> None:
    _, ended = drive(form_login(step()), [to(f"{CALLBACK}?own=1#access_token=a&state=s")])

    assert ended.landing.mode is LandingMode.FRAGMENT
    assert ended.landing.redirect_uri == f"{CALLBACK}?own=1"
    assert ended.landing.get("access_token") == "a"


def test_a_fragment_that_is_no_response_leaves_the_query_one(drive: Drive) -> None:
    _, ended = drive(form_login(step()), [to(f"{CALLBACK}?code=c#_=_")])

    assert ended.landing.mode is LandingMode.QUERY


def test_a_custom_scheme_lands(drive: Drive) -> None:
    _, ended = drive(form_login(step()), [to("com.example.app:/done?code=c")])

    assert ended.landing.get("code") == "c"


@pytest.mark.parametrize(
    "location",
    [
        "https://rp.test/cb/more?code=c",
        "https://rp.test/CB?code=c",
        "http://rp.test/cb?code=c",
        "https://rp.test:444/cb?code=c",
        "https://rp.test.evil.test/cb?code=c",
        "https://rp.test@evil.test/cb?code=c",
        "com.example.app:/other",
        "javascript:alert(1)",
        "https://[broken",
        "https://op.test:99999999/",
        "https://alice:pw@op.test/",
    ],
)
def test_anything_else_is_neither_a_landing_nor_followed(drive: Drive, location: str) -> None:
    sent, ended = drive(form_login(step()), [to(location)])

    assert len(sent) == 1
    assert isinstance(ended, Stopped)
    assert ended.request is START


@pytest.mark.parametrize("same", ["https://RP.test/cb?code=c", "https://rp.test:443/cb?code=c"])
def test_case_of_the_host_and_the_default_port_make_no_difference(drive: Drive, same: str) -> None:
    assert isinstance(drive(form_login(step()), [to(same)])[1], Landed)


def test_relative_redirects_are_followed_with_get(drive: Drive) -> None:
    answers = [to("step/1", 303), to("../two?x=1#frag", 301), HOME]

    sent, _ = drive(form_login(step()), answers)

    assert [request.url for request in sent[1:]] == [
        "https://op.test/step/1",
        "https://op.test/two?x=1",
    ]
    assert all(request.agent is Agent.USER for request in sent)


@pytest.mark.parametrize(
    ("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_only_307_and_308_repeat_the_posted_form(drive: Drive, status: int, method: str) -> None:
    sent, _ = drive(form_login(step()), [PLAIN_LOGIN, to("/again", status), HOME])

    assert sent[2].method == method
    assert sent[2].body == (sent[1].body if method == "POST" else b"")


def test_a_redirect_that_repeats_credentials_to_another_host_is_not_followed(drive: Drive) -> None:
    sent, ended = drive(form_login(step()), [PLAIN_LOGIN, to("https://evil.test/", 307)])

    assert len(sent) == 2
    assert "another host" in ended.why
    assert "evil.test" in ended.why


def test_a_keycloak_like_page_keeps_the_action_and_leaves_remember_me(drive: Drive) -> None:
    page = html(
        """<div id="kc-form"><form id="kc-form-login" onsubmit="login.disabled = true; return true;"
        action="https://op.test/realms/r/login-actions/authenticate?session_code=x&amp;tab_id=t"
        method="post"><label for="username">Username or email</label>
        <input tabindex="2" id="username" name="username" value="" type="text" autofocus
        autocomplete="username"><label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password">
        <input id="rememberMe" name="rememberMe" type="checkbox"> Remember me
        <a href="/reset">Forgot Password?</a>
        <input type="hidden" id="id-hidden-input" name="credentialId">
        <input name="login" id="kc-login" type="submit" value="Sign In"></form></div>
        <a href="/register">Register</a>"""
    )

    sent, ended = drive(form_login(step()), [page, HOME])

    assert sent[1].url.endswith("authenticate?session_code=x&tab_id=t")
    assert posted(sent[1]) == [
        ("username", ALICE.username),
        ("password", ALICE.password),
        ("credentialId", ""),
        ("login", "Sign In"),
    ]
    assert isinstance(ended, Landed)


def test_a_node_like_server_is_gone_through_from_prompt_to_consent(drive: Drive) -> None:
    login = html(
        """<form autocomplete="off" action="/interaction/i1" method="post">
        <input type="hidden" name="prompt" value="login">
        <input required type="text" name="login" placeholder="Enter any login" autofocus="on">
        <input required type="password" name="password" placeholder="and password">
        <button type="submit" class="login login-submit">Sign-in</button></form>
        <a href="/interaction/i1/abort">[ Cancel ]</a>"""
    )
    consent = html(
        """<form autocomplete="off" action="/interaction/i2" method="post">
        <input type="hidden" name="prompt" value="consent"/>
        <button autofocus type="submit" class="login login-submit">Continue</button></form>
        <a href="/interaction/i2/abort">[ Cancel ]</a>"""
    )
    answers = [to("/interaction/i1", 303), login, to("/auth/i1", 303), to("/interaction/i2", 303)]

    sent, ended = drive(form_login(step()), [*answers, consent, to("/auth/i2", 303), HOME])
    denied, _ = drive(
        form_login(step(deny=True)), [login, to("/c", 303), consent, to(f"{CALLBACK}?error=x")]
    )

    assert posted(sent[2])[1:] == [("login", ALICE.username), ("password", ALICE.password)]
    assert posted(sent[5]) == [("prompt", "consent")]
    assert isinstance(ended, Landed)
    assert denied[-1].url == "https://op.test/interaction/i2/abort"


def test_a_django_like_page_posts_to_itself_with_its_csrf_token(drive: Drive) -> None:
    page = html(
        """<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="tok">
        <p><label for="id_username">Username:</label>
        <input type="text" name="username" maxlength="150" id="id_username"></p>
        <p><label for="id_password">Password:</label>
        <input type="password" name="password" id="id_password"></p>
        <input type="hidden" name="next" value="/o/authorize/?client_id=app&amp;state=s">
        <button type="submit">log in</button></form>"""
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].url == START.url
    assert posted(sent[1])[0] == ("csrfmiddlewaretoken", "tok")
    assert posted(sent[1])[3] == ("next", "/o/authorize/?client_id=app&state=s")
    assert sent[1].header("origin") == "https://op.test"
    assert sent[1].header("referer") == "https://op.test/"


def test_a_spring_like_pair_of_consent_forms_is_told_apart(drive: Drive) -> None:
    page = html(
        """<form id="denialForm" action="/oauth/authorize" method="post">
        <input name="user_oauth_approval" value="false" type="hidden">
        <input name="deny" value="Deny" type="submit"></form>
        <form id="confirmationForm" action="/oauth/authorize" method="post">
        <input name="user_oauth_approval" value="true" type="hidden">
        <ul><li>scope.api <input type="radio" name="scope.api" value="true">Approve
        <input type="radio" name="scope.api" value="false" checked>Deny</li></ul>
        <label><input name="authorize" value="Authorize" type="submit"></label></form>"""
    )

    allowed, _ = drive(form_login(step()), [page, HOME])
    denied, _ = drive(form_login(step(deny=True)), [page, HOME])

    assert posted(allowed[1]) == [
        ("user_oauth_approval", "true"),
        ("scope.api", "true"),
        ("authorize", "Authorize"),
    ]
    assert posted(denied[1]) == [("user_oauth_approval", "false"), ("deny", "Deny")]


@pytest.mark.parametrize("script", ["", "<script src=/confirm.js></script>"])
def test_a_refusal_that_only_a_script_makes_one_is_not_sent(drive: Drive, script: str) -> None:
    page = html(
        f"""<form method="post"><input type="hidden" name="confirm" value="c">
        <button>Accept</button><button id="refuse">Refuse</button></form>{script}"""
    )

    allowed, _ = drive(form_login(step()), [page, HOME])
    denied, ended = drive(form_login(step(deny=True)), [page, HOME][: 1 if script else 2])

    assert posted(allowed[1]) == [("confirm", "c")]
    assert len(denied) == (1 if script else 2)
    assert not script or (isinstance(ended, Stopped) and ended.why == NEEDS_SCRIPTS)


def test_who_only_presses_does_not_log_in(drive: Drive) -> None:
    question = html("<form method=post action=/out><button name=y value=1>Yes</button></form>")
    leaving = replace(step(), only_presses=True)

    sent, ended = drive(form_login(leaving), [question, to("/"), PLAIN_LOGIN])

    assert posted(sent[1]) == [("y", "1")]
    assert sent[-1].url == "https://op.test/"
    assert isinstance(ended, Stopped)


def test_a_hydra_like_consent_has_its_scopes_ticked(drive: Drive) -> None:
    page = html(
        """<form method="post" action="/consent"><input type="hidden" name="challenge" value="ch">
        <input type="checkbox" name="grant_scope" id="openid" value="openid">
        <input type="checkbox" name="grant_scope" id="api" value="api">
        <input type="checkbox" name="remember" value="1"> Do not ask me again
        <input type="submit" name="submit" id="reject" value="Deny access">
        <input type="submit" name="submit" id="accept" value="Allow access"></form>"""
    )

    allowed, _ = drive(form_login(step()), [page, HOME])
    denied, _ = drive(form_login(step(deny=True)), [page, HOME])

    assert posted(allowed[1]) == [
        ("challenge", "ch"),
        ("grant_scope", "openid"),
        ("grant_scope", "api"),
        ("submit", "Allow access"),
    ]
    assert posted(denied[1]) == [("challenge", "ch"), ("submit", "Deny access")]


def test_user_name_and_password_may_be_asked_for_on_two_pages(drive: Drive) -> None:
    first = html(
        """<form method=post action=/u><input name=identifier type=email autocomplete="username">
        <button name=action value=next>Next</button></form>"""
    )
    second = html(
        """<form method=post action=/p><input name=identifier type=hidden value="alice@x.test">
        <input type=password name=passwd><button name=action value=back>Back</button>
        <button name=action value=login>Sign in</button></form>"""
    )

    sent, ended = drive(form_login(step()), [first, to("/p", 303), second, HOME])

    assert posted(sent[1]) == [("identifier", ALICE.username), ("action", "next")]
    assert posted(sent[3]) == [
        ("identifier", "alice@x.test"),
        ("passwd", ALICE.password),
        ("action", "login"),
    ]
    assert isinstance(ended, Landed)


@pytest.mark.parametrize(
    "page",
    [
        html('<meta http-equiv="refresh" content="0; url=/next?a=1&amp;b=2">'),
        html("<META HTTP-EQUIV=Refresh CONTENT=\"1;URL='next?a=1&amp;b=2'\">"),
        html("One moment", 200, ("Refresh", "0; url=/next?a=1&b=2")),
        Response(200, (("Refresh", "0;/next?a=1&b=2"),)),
        Response(200, (("Refresh", ' 0.5 ,\tURL = "/next?a=1&b=2" now'),)),
        Response(200, (("Refresh", ".3 /next?a=1&b=2"),)),
    ],
)
def test_a_refresh_is_followed(drive: Drive, page: Response) -> None:
    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].url == "https://op.test/next?a=1&b=2"


@pytest.mark.parametrize("content", ["soon", "", "; url=/a", "1x; url=/a", "url=/a"])
def test_a_refresh_without_a_time_is_none_and_hides_no_other(drive: Drive, content: str) -> None:
    none = f'<meta http-equiv=refresh content="{content}">'
    page = html(f'{none}<meta http-equiv=refresh content="0;/n">')

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].url == "https://op.test/n"


def test_a_refresh_to_the_redirect_uri_lands(drive: Drive) -> None:
    page = html(f'<meta http-equiv="refresh" content="0;url={CALLBACK}?code=c">')

    assert drive(form_login(step()), [page])[1].landing.get("code") == "c"


@pytest.mark.parametrize(
    "page",
    [
        html('<meta http-equiv=refresh content="300;url=/expired">' + PLAIN_LOGIN.text),
        html(
            '<noscript><meta http-equiv=refresh content="0;url=/no"></noscript>' + PLAIN_LOGIN.text
        ),
    ],
)
def test_a_late_or_scriptless_refresh_does_not_hide_the_login_form(
    drive: Drive, page: Response
) -> None:
    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].path == "/login"


@pytest.mark.parametrize(
    "script",
    [
        '<body onload="document.forms[0].submit()">',
        "<script>document.getElementById('f').submit();</script>",
        "<script>window.onload = () => document.forms[0].requestSubmit()</script>",
    ],
)
def test_a_form_that_a_script_submits_is_submitted(drive: Drive, script: str) -> None:
    form = "<form id=f method=post action=/resume><input type=hidden name=ticket value='a&amp;b'>"
    page = Response(200, (("Content-Type", "text/html"),), f"{script}{form}</form>".encode())

    sent, ended = drive(form_login(step(user=None)), [page, HOME])

    assert posted(sent[1]) == [("ticket", "a&b")]
    assert isinstance(ended, Landed)


@pytest.mark.parametrize("user", [ALICE, None])
def test_a_form_post_response_lands(drive: Drive, user: User | None) -> None:
    page = html(
        f"""<script>document.forms[0].submit()</script><form method="POST" action="{CALLBACK}">
        <input type="hidden" name="code" value="c&quot;1"><input type=hidden name=state value=s>
        <noscript><button name=go value=1>Continue</button></noscript></form>"""
    )

    _, ended = drive(form_login(step(user)), [page])

    assert ended.landing.mode is LandingMode.FORM_POST
    assert ended.landing.parameters == (("code", 'c"1'), ("state", "s"))


def test_refused_credentials_are_said_so_after_one_attempt(drive: Drive) -> None:
    sent, ended = drive(form_login(step()), [PLAIN_LOGIN, to("/login"), PLAIN_LOGIN])

    assert sum(request.method == "POST" for request in sent) == 1
    assert ended.why == "the login form came back: the credentials were refused"
    assert ended.request.url == "https://op.test/login"


def test_a_refused_user_name_is_said_so(drive: Drive) -> None:
    page = html("<form method=post><input name=username><button>Next</button></form>")

    assert "user name was refused" in drive(form_login(step()), [page, page])[1].why


def test_a_login_form_with_an_error_status_is_still_one(drive: Drive) -> None:
    unauthorized = html(PLAIN_LOGIN.text, 401)

    assert isinstance(drive(form_login(step()), [unauthorized, HOME])[1], Landed)


@pytest.mark.parametrize(
    "page",
    [PLAIN_LOGIN, html("<form method=post><button>Allow</button></form>")],
    ids=["login", "consent"],
)
def test_without_a_user_no_form_is_filled(drive: Drive, page: Response) -> None:
    sent, ended = drive(form_login(step(user=None)), [page])

    assert len(sent) == 1
    assert isinstance(ended, Stopped)
    assert ended.response is page


CONSENTS = {
    "english": (
        "<button name=d value=no>Do not allow</button><button name=d value=yes>Allow",
        "yes",
    ),
    "german": ("<button name=d value=n>Ablehnen</button><button name=d value=j>Zulassen", "j"),
    "french": ("<button name=d value=r>Refuser</button><button name=d value=a>Autoriser", "a"),
    "spanish": ("<button name=d value=c>Cancelar</button><button name=d value=p>Permitir", "p"),
    "japanese": ("<button name=d value=k>拒否</button><button name=d value=o>許可", "o"),
    "russian": ("<button name=d value=k>Отклонить</button><button name=d value=o>Разрешить", "o"),
    "values": ("<button name=d value=deny>✗</button><button name=d value=accept>✓", "accept"),
    "neutral": ("<button name=d value=cancel>Cancel</button><button name=d value=go>Go on!", "go"),
    "labels": ('<button name=d value=0 aria-label="Deny">✗</button><button name=d value=1>✓', "1"),
    "aside": ("<button name=d value=x>Switch account</button><button name=d value=y>Next", "y"),
}


@pytest.mark.parametrize(("buttons", "approving"), CONSENTS.values(), ids=CONSENTS)
def test_the_approving_button_is_pressed(drive: Drive, buttons: str, approving: str) -> None:
    page = html(f"<form method=post action=/consent>{buttons}</button></form>")

    sent, _ = drive(form_login(step()), [page, HOME])

    assert posted(sent[1]) == [("d", approving)]


@pytest.mark.parametrize(
    ("buttons", "denying"),
    [
        (CONSENTS[name][0], value)
        for name, value in [
            ("english", "no"),
            ("german", "n"),
            ("russian", "k"),
            ("values", "deny"),
            ("labels", "0"),
        ]
    ],
)
def test_the_denying_button_is_pressed_when_consent_is_refused(
    drive: Drive, buttons: str, denying: str
) -> None:
    page = html(f"<form method=post action=/consent>{buttons}</button></form>")

    sent, _ = drive(form_login(step(deny=True)), [page, HOME])

    assert posted(sent[1]) == [("d", denying)]


def test_nothing_is_pressed_if_consent_cannot_be_refused(drive: Drive) -> None:
    page = html("<form method=post><button>Allow</button></form>")

    assert isinstance(drive(form_login(step(deny=True)), [page])[1], Stopped)


def test_nothing_is_pressed_on_an_error_page(drive: Drive) -> None:
    page = html("<form method=post><button>Continue</button></form>", 500)

    assert drive(form_login(step()), [page])[1].why == "an error page"


def test_consent_may_be_links(drive: Drive) -> None:
    page = html('<a href="/help">Help</a><a href="ok?t=1">Allow</a><a href="/no">Deny</a>')

    assert drive(form_login(step()), [page, HOME])[0][1].url == "https://op.test/ok?t=1"
    assert drive(form_login(step(deny=True)), [page, HOME])[0][1].path == "/no"


def test_controls_are_sent_as_a_browser_would(drive: Drive) -> None:
    page = html(
        """<base href="/deep/"><form method=post action="go" id=f accept-charset="ISO-8859-1">
        <input name=off value=1 disabled><fieldset disabled><input name=off2></fieldset>
        <select name=lang><option value=de>D<option value=en selected>E</select>
        <select name=first><option disabled>x<option>one</option></select>
        <select name=many multiple><option selected>a<option>b<option selected>c</select>
        <input type=checkbox name=keep checked><input type=radio name=r value=1>
        <input type=radio name=r value=2 checked><textarea name=t>
x
y</textarea><input type=hidden name=_charset_><input type=reset name=z><input value=nameless>
        <input name=user autocomplete=username><input type=password name=pw>
        <button type=button name=b>Show</button><input type=image name=img src=x alt="Login">
        </form><input form=f type=hidden name=out value=o>"""
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].url == "https://op.test/deep/go"
    assert sent[1].body == (
        b"lang=en&first=one&many=a&many=c&keep=on&r=2&t=x%0D%0Ay&_charset_=iso8859-1"
        b"&user=alice%40x.test&pw=p%E4ss+word%261&img.x=0&img.y=0&out=o"
    )


def test_a_form_begun_inside_a_table_owns_its_fields(drive: Drive) -> None:
    page = html(
        """<table><form method=post action=/t><tr><td><input name=user></td></tr>
        <tr><td><input type=password name=pw><input type=submit value=Login></td></tr></form>
        </table>"""
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert posted(sent[1]) == [("user", ALICE.username), ("pw", ALICE.password)]


def test_a_get_form_replaces_the_query_of_its_action(drive: Drive) -> None:
    page = html("<form action='/login?old=1'><input name=user><input type=password name=pw></form>")

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].method == "GET"
    assert sent[1].query == (("user", ALICE.username), ("pw", ALICE.password))


def test_a_multipart_form_is_sent_as_one(drive: Drive) -> None:
    page = html(
        "<form method=post enctype=multipart/form-data><input name=user>"
        "<input type=password name=pw><input type=hidden name='a\"b' value='1\n2'></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    media_type = sent[1].header("content-type")
    boundary = media_type.partition("boundary=")[2].encode()
    parts = sent[1].body.split(b"--" + boundary)
    assert media_type.startswith("multipart/form-data; ")
    assert parts[-1] == b"--\r\n"
    assert b'name="pw"\r\n\r\np\xc3\xa4ss word&1\r\n' in parts[2]
    assert b'name="a%22b"' in parts[3]


def test_a_form_of_plain_text_is_sent_as_one(drive: Drive) -> None:
    page = html(
        "<form method=post enctype=text/plain><input name=user><input type=password name=pw></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].header("content-type") == "text/plain"
    assert sent[1].body.decode() == f"user={ALICE.username}\r\npw={ALICE.password}\r\n"


def test_a_form_is_sent_in_the_first_charset_that_there_is(drive: Drive) -> None:
    page = html(
        "<form method=post accept-charset='martian, iso-8859-1'><input name=user>"
        "<input type=password name=pw></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].body.endswith(b"&pw=p%E4ss+word%261")


def test_what_a_fieldset_around_disables_is_not_sent(drive: Drive) -> None:
    page = html(
        "<form method=post><input name=user><input type=password name=pw>"
        "<fieldset disabled><fieldset><input name=a value=1></fieldset></fieldset>"
        "<fieldset><input name=b value=2></fieldset></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert [name for name, _ in posted(sent[1])] == ["user", "pw", "b"]


def test_the_button_that_leads_aside_is_not_the_one_that_goes_on(drive: Drive) -> None:
    page = html(
        "<form method=post><input name=user><input type=password name=pw>"
        "<button name=go value=no>Cancel</button><button name=go value=on>Fire</button></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert posted(sent[1])[-1] == ("go", "on")


def test_a_code_may_be_hidden_like_a_password(drive: Drive) -> None:
    user = replace(ALICE, totp_secret="JBSWY3DPEHPK3PXP")
    page = html("<form method=post><input type=password name=otp><button>Verify</button></form>")

    sent, _ = drive(form_login(step(user)), [PLAIN_LOGIN, page, HOME])

    ((name, code),) = posted(sent[2])
    assert name == "otp"
    assert len(code) == 6
    assert code.isdigit()


def test_choices_that_neither_give_nor_refuse_consent_stay_as_they_are(drive: Drive) -> None:
    page = html(
        "<form method=post><label><input type=radio name=lang value=de checked>Deutsch</label>"
        "<label><input type=radio name=lang value=en>English</label>"
        "<button>Allow</button></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert posted(sent[1]) == [("lang", "de")]


def test_a_button_may_redirect_the_form(drive: Drive) -> None:
    page = html(
        "<form action=/a><input name=user><input type=password name=pw>"
        "<button formaction=/b formmethod=post name=go value=1>Log in</button></form>"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].path == "/b"
    assert posted(sent[1])[-1] == ("go", "1")


def test_the_login_form_is_found_among_others(drive: Drive) -> None:
    page = html(
        """<form action=/search><input name=q type=search placeholder="Search user"></form>
        <form method=post action=/register><input name=email><input type=password name=p1>
        <input type=password name=p2><button>Sign up</button></form>
        <form method=post action=/signup><input name=name><input name=email>
        <input name=pw type=password><button>Create account</button></form>
        <form method=post action=/session><input name=email><input type=password name=password>
        <button name=via value=google>Continue with Google</button>
        <button name=via value=form>Log in</button></form>"""
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].path == "/session"
    assert posted(sent[1])[-1] == ("via", "form")


def test_hints_override_recognition(drive: Drive) -> None:
    page = html(
        """<form method=post action=/odd><input id=who name=f1><input name=username>
        <input name=f2 class=pin><button name=b value=1>Log in</button>
        <button name=b value=2 id=right>Back</button></form>"""
    )
    hints = {"username_field": "#who", "password_field": "input.pin", "submit": "#right"}

    sent, _ = drive(form_login(step(), hints), [page, HOME])

    assert posted(sent[1]) == [
        ("f1", ALICE.username),
        ("username", ""),
        ("f2", ALICE.password),
        ("b", "2"),
    ]


def test_the_approve_hint_overrides_the_words(drive: Drive) -> None:
    page = html("<form method=post><button>Allow</button><button id=x name=b value=2>Deny</button>")

    sent, _ = drive(form_login(step(), {"approve": "#x"}), [page, HOME])

    assert posted(sent[1]) == [("b", "2")]


def test_a_second_factor_is_answered_if_the_user_has_the_secret(drive: Drive) -> None:
    page = html("<form method=post><input name=otp autocomplete=one-time-code><button>Verify")
    user = User("alice", "alice", "pw", totp_secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

    sent, _ = drive(form_login(step(user)), [page, HOME])
    _, ended = drive(form_login(step()), [page])

    ((_, code),) = posted(sent[1])
    assert len(code) == 6
    assert code.isdigit()
    assert "totp_secret" in ended.why


def test_a_new_password_is_not_made_up(drive: Drive) -> None:
    page = html(
        "<form method=post><input type=password name=a><input type=password name=b><button>Save"
    )

    assert drive(form_login(step()), [page])[1].why == "a new password is asked for"


@pytest.mark.parametrize(
    "action", ["https://evil.test/login", "//evil.test/x", "http://op.test/login", "javascript:x()"]
)
def test_credentials_go_to_no_foreign_host_and_not_in_the_clear(drive: Drive, action: str) -> None:
    page = html(f"<form method=post action='{action}'><input name=u><input type=password name=p>")

    sent, ended = drive(form_login(step()), [page])

    assert len(sent) == 1
    assert isinstance(ended, Stopped)


def test_origins_that_are_allowed_are_gone_to(drive: Drive) -> None:
    answers = [to("https://login.test:8443/x"), PLAIN_LOGIN, to("https://op.test/resume"), HOME]

    sent, ended = drive(form_login(step(), {}, frozenset({"https://login.test:8443"})), answers)

    assert sent[2].url == "https://login.test:8443/login"
    assert isinstance(ended, Landed)


def test_another_port_is_another_host(drive: Drive) -> None:
    _, ended = drive(form_login(step()), [to("https://op.test:8443/x")])

    assert isinstance(ended, Stopped)


def test_a_location_with_odd_characters_is_sent_as_a_browser_would(drive: Drive) -> None:
    answers = [to('/a b/ü?q="%20&x=é\r\n'), HOME]

    sent, _ = drive(form_login(step()), answers)

    assert sent[1].target == b"/a%20b/%C3%BC?q=%22%20&x=%C3%A9"


def test_a_consent_form_may_have_a_text_field_too(drive: Drive) -> None:
    page = html("<form method=post><input name=device_name value=x><button>Allow</button></form>")

    sent, _ = drive(form_login(step()), [page, HOME])

    assert posted(sent[1]) == [("device_name", "x")]


NEWSLETTER = (
    "<form method=post action=/newsletter><input type=email name=email>"
    "<button>Subscribe</button></form>"
)


def test_a_newsletter_beside_consent_is_left_alone(drive: Drive) -> None:
    page = html(f"<form method=post action=/yes><button>Allow</button></form>{NEWSLETTER}")

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].path == "/yes"


def test_who_one_is_is_asked_beside_other_ways_to_go_on(drive: Drive) -> None:
    others = "<form method=post action=/sso><button>Continue with your company</button></form>"
    page = html(
        f"<form method=post action=/who><input name=login><button>Continue</button></form>{others}"
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].path == "/who"


def test_a_redirect_loop_ends(drive: Drive) -> None:
    sent, ended = drive(form_login(step()), [to("/again")] * 20)

    assert len(sent) == 20
    assert "20 steps" in ended.why


def hostile() -> Iterable[tuple[str, str]]:
    yield "huge", "x" * 400_000
    yield "deep", "<div>" * 20_000
    yield "many", "<p>x</p>" * 20_000
    yield "formatting", "<b><i>" * 5_000
    yield "attributes", "<input " + " ".join(f"a{n}" for n in range(20_000)) + ">"
    yield "unclosed", "<form><input type=password name='" + "<" * 200_000
    yield "controls", "<form method=post><input>" + "<input name=a>" * 9_000
    yield "zero", "<form>\x00<input type=\x00password></form>"
    yield "labels", "<label>" * 500 + "<input name=user>" * 500
    yield "frames", "<form>" * 3_000 + "<table>" * 400
    yield "refresh", "<meta http-equiv=refresh content='" + "9" * 100_000 + ";url=" + "'>"


@pytest.mark.parametrize(
    ("page"), [page for _, page in hostile()], ids=[name for name, _ in hostile()]
)
def test_a_hostile_page_ends_the_journey_soon(page: str) -> None:
    began_s = time.process_time()
    flow = form_login(step())
    next(flow)

    with pytest.raises(StopIteration) as caught:
        flow.send(html(page))

    assert isinstance(caught.value.value, Stopped)
    assert time.process_time() - began_s < 3


@pytest.mark.parametrize(
    "response",
    [
        Response(200, (("Content-Type", "application/json"),), b"{}"),
        Response(204),
        Response(302),
        Response(200, (("Content-Type", "text/html"),), b"\xff\xfe\x00<"),
        Response(200, (("Content-Type", "text/html; charset=utf-7"),), b"+ADw-form+AD4-"),
        Response(200, (("Content-Type", "text/html; charset=../../x"),), b"<p>"),
        html("<p>Welcome"),
    ],
)
def test_a_page_that_leads_nowhere_stops_the_browser(drive: Drive, response: Response) -> None:
    sent, ended = drive(form_login(step()), [response])

    assert len(sent) == 1
    assert isinstance(ended, Stopped)
    assert ended.why


def test_a_page_in_another_encoding_is_read_and_answered_in_it(drive: Drive) -> None:
    page = Response(
        200,
        (("Content-Type", "text/html"),),
        '<meta charset="windows-1252"><form method=post><input type=hidden name=h value="é">'
        "<input name=user><input type=password name=pw></form>".encode("cp1252"),
    )

    sent, _ = drive(form_login(step()), [page, HOME])

    assert sent[1].body.startswith(b"h=%E9&")


def test_a_form_to_the_redirect_uri_by_button_lands(drive: Drive) -> None:
    page = html(f"<form action='{CALLBACK}'><input type=hidden name=code value=c><button>Continue")

    _, ended = drive(form_login(step()), [page])

    assert ended.landing.mode is LandingMode.QUERY
    assert ended.landing.get("code") == "c"


def test_no_ending_tells_a_secret(drive: Drive) -> None:
    _, ended = drive(form_login(step()), [PLAIN_LOGIN, PLAIN_LOGIN])

    assert ALICE.password not in repr(ended)
    assert form_pairs("a=b") == (("a", "b"),)


SCRAPS = """
<form method=post>|<form action='//x'>|</form>|<input|<input type=password name=p>|<select name>
|<input name=user form=f>|<option selected>|<button formaction='http://[x'>|<base href=':'>|Allow
|<base href='http://[x'>|<a href=x:y>|<meta http-equiv=refresh content='0;url=http://[x'>|<table>
|<tr>|<label for=''>|'|"|>|&#xD800;|<script>f.submit()</script>|\x00|<textarea name=t>|<noscript>
|<fieldset disabled>|<body onload>|<form action='http://[x' method=post>|<button>Allow</button>
|<form action='https://op.test:99999'>|<a href='https://op.test:x'>Deny</a>
|<input type=hidden name=a>
"""


scraps = st.lists(st.sampled_from([scrap.strip() for scrap in SCRAPS.split("|")]), max_size=12)


@settings(max_examples=400)
@given(page=scraps.map("".join), status=st.sampled_from([200, 401, 500]), deny=st.booleans())
def test_no_page_makes_the_flow_fail_or_leave_the_host(
    page: str, status: int, *, deny: bool
) -> None:
    flow = form_login(step(deny=deny))
    next(flow)

    try:
        asked = flow.send(html(page, status))
    except StopIteration as stop:
        ended = stop.value
    else:
        ended = None
        assert isinstance(asked, Request)
        assert asked.origin == "https://op.test"
        assert asked.agent is Agent.USER

    assert ended is None or isinstance(ended, Stopped | Landed)
