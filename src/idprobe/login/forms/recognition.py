"""Telling login, second factor and consent pages apart, and the buttons and fields on them."""

import re
from dataclasses import dataclass
from typing import Final

from idprobe.login.forms.forms import Control, Form, Link, Page
from idprobe.login.forms.words import (
    APPROVING_STEMS,
    APPROVING_WORDS,
    ASIDE_STEMS,
    CODE_STEMS,
    DENYING_STEMS,
    DENYING_WORDS,
    LOGIN_STEMS,
    SCOPE_STEMS,
    USER_STEMS,
    has_stem,
)

__all__ = [
    "Fields",
    "Press",
    "asks_new_password",
    "choice",
    "consent_values",
    "login_button",
    "login_fields",
    "means",
    "self_submitting",
]

USER_KINDS: Final = frozenset({"text", "email", "tel"})
WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Fields:
    """A form that asks who one is: places of its controls, None where it has none of the kind."""

    form: Form
    username: int | None
    password: int | None
    code: int | None = None

    @property
    def kind(self) -> str:
        """What it asks for in the main: password, username or code."""
        if self.password is not None:
            return "password"
        return "code" if self.code is not None else "username"


@dataclass(frozen=True, slots=True)
class Press:
    """A form to submit, by its button if it has one."""

    form: Form
    button: Control | None = None


def means(text: str) -> bool | None:
    """Return whether words approve (True) or deny (False), None if they do neither.

    Denial wins, since "do not allow" has both.
    """
    words = set(WORD.findall(text.lower()))
    if words & DENYING_WORDS or has_stem(text, DENYING_STEMS):
        return False
    if words & APPROVING_WORDS or has_stem(text, APPROVING_STEMS):
        return True
    return None


def meaning_of(button: Control) -> bool | None:
    """Return what pressing a button means: what it says comes first, then its name and value."""
    said = means(button.label)
    return said if said is not None else means(f"{button.name} {button.value} {button.words}")


def login_fields(page: Page) -> Fields | None:
    """Return the form of the page that asks who one is, None without one.

    Beside a question of consent a field for an address, without a password, is for something else.
    """
    found = [fields for form in page.forms if (fields := _fields(form)) is not None]
    likely = max(found, key=_likelihood, default=None)
    if likely is not None and likely.kind == "username" and not _is_for_login(likely.form):
        return None if _asks_consent(page) else likely
    return likely


def _is_for_login(form: Form) -> bool:
    """Return whether a form says that it logs in, or goes on, or the profile says it."""
    words = " ".join((form.words, *(button.label for button in form.buttons)))
    goes_on = any(meaning_of(button) is True for button in form.buttons)
    hinted = any(control.hinted for control in form.controls)
    return hinted or goes_on or has_stem(words, (*LOGIN_STEMS, "next"))


def _asks_consent(page: Page) -> bool:
    """Return whether a form without anything to type has a button that approves."""
    silent = [form for form in page.forms if form.method == "post" and not form.fillable]
    buttons = [button for form in silent for button in form.buttons]
    return any(meaning_of(one) is True and not _says(one, ASIDE_STEMS) for one in buttons)


def _fields(form: Form) -> Fields | None:
    numbered = list(enumerate(form.controls))
    passwords = [place for place, control in numbered if control.kind == "password"]
    hinted = {hint: place for place, c in reversed(numbered) for hint in c.hinted}
    if "totp_field" in hinted:
        return Fields(form, None, None, hinted["totp_field"])
    password = hinted.get("password_field")
    if password is None and len(passwords) == 1:
        password = passwords[0]
    if password is None and passwords:
        return None  # a new password is asked for, with its repetition
    if password is not None and _is_code(form.controls[password]):
        return Fields(form, None, None, password)
    typed = [
        place
        for place, c in numbered
        if c.kind in USER_KINDS and not c.readonly and (password is None or place < password)
    ]
    username = hinted.get("username_field", _user_field(form, typed, alone=password is None))
    if username is not None or password is not None:
        return Fields(form, username, password)
    code = next((p for p, c in numbered if c.is_fillable and not c.readonly and _is_code(c)), None)
    return None if code is None else Fields(form, None, None, code)


def _user_field(form: Form, typed: list[int], *, alone: bool) -> int | None:
    """Return the place of the user name among the text controls.

    Beside a password the last one before it will do; alone it must look like a user name.
    """
    controls = form.controls
    for place in typed:
        if "username" in controls[place].autocomplete or controls[place].autocomplete == "email":
            return place
    for stem in USER_STEMS:
        for place in typed:
            named = f"{controls[place].words} {controls[place].label.lower()}"
            if stem in named and not (alone and _is_code(controls[place])):
                return place
    return typed[-1] if typed and not alone else None


def _is_code(control: Control) -> bool:
    if control.autocomplete == "one-time-code":
        return True
    text = f"{control.words} {control.label}"
    return "password" not in control.autocomplete and has_stem(text, CODE_STEMS)


def _likelihood(fields: Fields) -> tuple[int, ...]:
    """Return how likely a form is the one to log in by: hints, a password, POST, its words."""
    form = fields.form
    hinted = any(control.hinted for control in form.controls)
    words = " ".join((form.words, *(button.label for button in form.buttons)))
    return (
        int(hinted),
        int(fields.password is not None),
        int(form.method == "post"),
        int(has_stem(words, LOGIN_STEMS)) - int(has_stem(words, ASIDE_STEMS)),
        -len(form.fillable),
    )


def login_button(form: Form) -> Control | None:
    """Return the button that goes on with a login: one that says so, or does not lead aside."""
    for button in form.buttons:
        if "submit" in button.hinted:
            return button
    for button in form.buttons:
        if _says(button, LOGIN_STEMS) and not _says(button, ASIDE_STEMS):
            return button
    for button in form.buttons:
        if not _says(button, ASIDE_STEMS) and meaning_of(button) is not False:
            return button
    return next(iter(form.buttons), None)


def self_submitting(page: Page) -> Form | None:
    """Return the form that a script on the page submits at once, None without one."""
    if not page.is_scripted:
        return None
    silent = [form for form in page.forms if _is_silent(form) and len(form.buttons) <= 1]
    return silent[0] if len(silent) == 1 else None


def _is_silent(form: Form) -> bool:
    return all(control.kind == "hidden" or control.is_button for control in form.controls)


def choice(page: Page, *, deny: bool) -> Press | Link | None:
    """Return what to press on a consent page, None if nothing on it gives or refuses consent.

    What says so goes first; for consent a button that says nothing of the kind will do.
    """
    silent = [form for form in page.forms if not form.fillable]
    others = [form for form in page.forms if form.fillable]
    buttons = [(form, button) for form in (*silent, *others) for button in form.buttons]
    hint = "deny" if deny else "approve"
    candidates: list[Press | Link] = []
    candidates += [Press(form, button) for form, button in buttons if hint in button.hinted]
    candidates += [Press(form, b) for form, b in buttons if meaning_of(b) is (not deny)]
    if not deny:
        neutral = [Press(f, b) for f, b in buttons if f in silent and _is_neutral(b)]
        candidates += [press for press in neutral if press.form.method == "post"]
        candidates += [press for press in neutral if press.form.method != "post"]
        bare = [Press(form) for form in silent if not form.buttons and form.method == "post"]
        candidates += bare if len(bare) == 1 else []
    candidates += [link for link in page.links if means(link.label) is (not deny)]
    return next(iter(candidates), None)


def _is_neutral(button: Control) -> bool:
    return meaning_of(button) is None and not _says(button, ASIDE_STEMS)


def _says(button: Control, stems: tuple[str, ...]) -> bool:
    return has_stem(f"{button.label} {button.name} {button.value}", stems)


def asks_new_password(page: Page) -> bool:
    """Return whether a form of the page has several password fields."""
    return any(sum(c.kind == "password" for c in form.controls) > 1 for form in page.forms)


def consent_values(form: Form, *, deny: bool) -> dict[int, tuple[str, ...]]:
    """Return what to choose on a consent form, by the places of its controls.

    Boxes for scopes are ticked when consent is given, since some servers leave them open; of radio
    buttons that approve and deny the fitting one is chosen. All else stays as it is.
    """
    chosen: dict[int, tuple[str, ...]] = {}
    radios: dict[str, dict[int, bool | None]] = {}
    for place, control in enumerate(form.controls):
        if control.kind == "checkbox" and not deny and _is_scope(control):
            chosen[place] = (control.value,)
        elif control.kind == "radio":
            said = means(control.label)
            meaning = means(control.value) if said is None else said
            radios.setdefault(control.name, {})[place] = meaning
    for group in radios.values():
        if {True, False} <= set(group.values()):
            fitting = next(place for place, meaning in group.items() if meaning is (not deny))
            chosen |= dict.fromkeys(group, ())
            chosen[fitting] = (form.controls[fitting].value,)
    return chosen


def _is_scope(control: Control) -> bool:
    return has_stem(control.words, SCOPE_STEMS) and "remember" not in control.words
