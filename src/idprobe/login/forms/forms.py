"""An HTML page as a browser without JavaScript has it: its forms, its links, where it leads."""

from dataclasses import dataclass
from typing import Final

__all__ = ["BUTTON_KINDS", "Control", "Form", "Link", "Page", "Refresh"]

BUTTON_KINDS: Final = frozenset({"submit", "image"})


@dataclass(frozen=True, slots=True, repr=False)
class Control:
    """A form control; `values` are what it contributes as the page has it, usually one."""

    kind: str
    name: str
    value: str
    values: tuple[str, ...]
    label: str = ""
    """What a person reads beside it or on it."""
    words: str = ""
    """Its name, id, autocomplete and placeholder, in lower case, for recognition."""
    autocomplete: str = ""
    readonly: bool = False
    hinted: frozenset[str] = frozenset()
    """The hints whose selector matches it."""
    formaction: str | None = None
    formmethod: str | None = None
    formenctype: str | None = None
    mark: str = ""
    """What a browser that runs the page knows it by (`data-idprobe`), empty in any other page."""

    @property
    def is_button(self) -> bool:
        """Whether pressing it submits the form."""
        return self.kind in BUTTON_KINDS

    @property
    def is_fillable(self) -> bool:
        """Whether a person types into it."""
        hidden = {"hidden", "checkbox", "radio", "select", "file", "reset", "button"}
        return self.kind not in BUTTON_KINDS | hidden


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """A form; its controls are in the order of the page, disabled ones left out."""

    action: str
    method: str
    enctype: str
    charset: str
    words: str
    controls: tuple[Control, ...]

    @property
    def buttons(self) -> tuple[Control, ...]:
        """The controls that submit it."""
        return tuple(control for control in self.controls if control.is_button)

    @property
    def fillable(self) -> tuple[Control, ...]:
        """The controls that a person types into."""
        return tuple(control for control in self.controls if control.is_fillable)


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """A hyperlink that has a text."""

    url: str
    label: str


@dataclass(frozen=True, slots=True, repr=False)
class Refresh:
    """A redirect by Refresh header or meta element; an empty URL is the page's own."""

    delay_s: int
    url: str
    without_scripts: bool = False
    """Whether it is only there for browsers that run no scripts."""


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """What can be done on a page."""

    forms: tuple[Form, ...]
    links: tuple[Link, ...]
    refresh: Refresh | None
    is_scripted: bool
    """Whether a script on it submits or clicks something."""
    has_scripts: bool = False
    """Whether there is any script on it."""
    is_alive: bool = False
    """Whether anything on it runs or loads by itself: a script, a handler, a frame."""
