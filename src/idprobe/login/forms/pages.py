"""Reading an HTML page as a browser without JavaScript would.

What a server sends is bounded before it is parsed, since deep nesting makes HTML parsers slow.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urldefrag, urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from idprobe.errors import EvidenceError, ProfileError
from idprobe.login.forms.forms import BUTTON_KINDS, Control, Form, Link, Page, Refresh
from idprobe.model.exchange import Response

__all__ = ["MARK", "decoded", "joined", "parsed", "read_page", "read_refresh"]

MAX_HTML_CHARS: Final = 262_144
MAX_TAGS: Final = 10_000
MAX_OPEN_TAGS: Final = 512
ALIVE: Final = "script, iframe, frame, object, embed, [onload], [onerror], [onfocus], [ontoggle]"
MARK: Final = "data-idprobe"
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Void elements, and those whose end tag is often left out and that do not nest in themselves.
UNCLOSED: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source"}
    | {"track", "wbr", "body", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "path"}
    | {"tbody", "td", "tfoot", "th", "thead", "tr"}
)
META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([a-zA-Z0-9_:-]{1,40})", re.IGNORECASE
)
REFRESH: Final = re.compile(
    r"\s*(?=[\d.])(\d{0,6})[\d.]*(?:(?=[\s;,])\s*[;,]?\s*(?:url\s*=\s*)?(.*))?\Z",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
"""HTML, section 4.2.5.3: what does not begin with a time is no refresh."""
DISABLING: Final = "fieldset[disabled]"
TABLE_PARTS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr"})
SCRIPTED: Final = re.compile(r"\.\s*(?:submit|requestSubmit|click)\s*\(|\[\s*[\"']submit[\"']\s*\]")


def read_page(response: Response, url: str, hints: Mapping[str, str]) -> Page:
    """Return the page that a response shows at the URL.

    Raises EvidenceError for a page beyond our bounds, ProfileError for a hint that is no selector.
    """
    text, charset = decoded(response)
    tree = parsed(text)
    base = tree.css_first("base[href]")
    base_url = url if base is None else joined(url, _attribute(base, "href").strip())
    if not base_url.startswith(("http:", "https:")):
        base_url = url
    return _Reader(tree, urldefrag(url).url, base_url, charset, hints).page()


def parsed(text: str) -> LexborHTMLParser:
    """Return the tree of a page; raises EvidenceError for one beyond our bounds."""
    _refuse_excess(text)
    return LexborHTMLParser(text)


def read_refresh(value: str, *, without_scripts: bool = False) -> Refresh | None:
    """Return what a Refresh header or meta element says, None if it cannot be read."""
    found = REFRESH.match(value)
    if found is None:
        return None
    url = (found[2] or "").strip()
    if url[:1] in {'"', "'"}:
        url = url[1:].partition(url[0])[0]
    return Refresh(int(found[1] or 0), url, without_scripts)


def decoded(response: Response) -> tuple[str, str]:
    """Return the text of an HTML response and its encoding: the header's, the page's, or UTF-8."""
    header = (response.header("content-type") or "").lower()
    named = header.partition("charset=")[2].partition(";")[0].strip("\"' ")
    if not named and (found := META_CHARSET.search(response.body[:1024])):
        named = found[1].decode("ascii")
    charset = text_encoding(named) or "utf-8"
    return response.body.decode(charset, "replace"), charset


def text_encoding(name: str) -> str | None:
    """Return Python's name of an encoding that forms can be sent in, None for any other."""
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    usable = info.name.startswith(
        ("utf-8", "iso8859", "cp125", "ascii", "shift_jis", "euc", "gb", "big5")
    )
    return info.name if usable else None


def _refuse_excess(text: str) -> None:
    """Raise EvidenceError for a page that would be slow to parse, or that no login page is like."""
    if len(text) > MAX_HTML_CHARS:
        raise EvidenceError(f"the page is longer than {MAX_HTML_CHARS} characters")
    opened: Counter[str] = Counter()
    for count, tag in enumerate(TAG.finditer(text)):
        name = tag[2].lower()
        if tag[1]:
            opened[name] = max(0, opened[name] - 1)
        elif name not in UNCLOSED:
            opened[name] += 1
        if count >= MAX_TAGS or opened[name] > MAX_OPEN_TAGS:
            raise EvidenceError("the page has too many tags, or nests them too deep")


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


class _Reader:
    """Reads one parsed page."""

    def __init__(
        self, tree: LexborHTMLParser, url: str, base: str, charset: str, hints: Mapping[str, str]
    ) -> None:
        self._tree = tree
        self._url = url
        self._base = base
        self._charset = charset
        self._hinted: dict[int, set[str]] = {}
        self._labels: dict[str, str] = {}
        self._words: dict[int, str] = {}
        self._nearest: dict[tuple[int, str], LexborNode | None] = {}
        """By a node and what is looked for: the node itself or the nearest above that is one."""
        self._forms: list[LexborNode] = []
        self._controls: dict[int, list[Control]] = {}
        for name, selector in hints.items():
            for node in self._matches(name, selector):
                self._hinted.setdefault(node.mem_id, set()).add(name)

    def page(self) -> Page:
        for label in self._tree.css("label[for]"):
            self._labels.setdefault(_attribute(label, "for"), self._words_of(label))
        root = self._tree.root
        if root is not None:
            self._collect(root)
        return Page(
            tuple(self._form(node) for node in self._forms),
            tuple(self._links()),
            self._refresh(),
            self._is_scripted(),
            any(_is_executed(node) for node in self._tree.css("script")),
            self._tree.css_first(ALIVE) is not None,
        )

    def _matches(self, name: str, selector: str) -> list[LexborNode]:
        try:
            return self._tree.css(selector)
        except (SelectolaxError, ValueError):
            fix = f"{selector!r:.60} is not a CSS selector that idprobe understands"
            raise ProfileError("the profile's login", name, fix) from None

    def _collect(self, root: LexborNode) -> None:
        """Find the forms, and put each control to the form that owns it."""
        by_id: dict[str, LexborNode] = {}
        for form in self._tree.css("form"):
            by_id.setdefault(_attribute(form, "id"), form)
        void_form: LexborNode | None = None
        for node in root.traverse():
            if node.tag == "form":
                self._forms.append(node)
                # A form begun between table rows is empty in the tree, yet owns what follows.
                in_table = node.parent is not None and node.parent.tag in TABLE_PARTS
                void_form = node if in_table and node.first_child is None else None
            elif node.tag in {"input", "select", "textarea", "button"}:
                named = node.attributes.get("form")
                owner = by_id.get(named) if named else self._ancestor(node, "form") or void_form
                control = None if owner is None or self._is_disabled(node) else self._control(node)
                if owner is not None and control is not None:
                    self._controls.setdefault(owner.mem_id, []).append(control)

    def _control(self, node: LexborNode) -> Control | None:
        tag = node.tag or ""
        default = "submit" if tag == "button" else "text" if tag == "input" else tag
        kind = (
            (_attribute(node, "type").strip().lower() or default)
            if tag in {"input", "button"}
            else tag
        )
        if tag == "button" and kind not in {"button", "reset"}:
            kind = "submit"
        if kind in {"button", "reset"} or self._ancestor(node, "datalist") is not None:
            return None
        value, values = _values(node, tag, kind)
        words = (_attribute(node, name) for name in ("name", "id", "autocomplete", "placeholder"))
        return Control(
            kind=kind,
            name=_attribute(node, "name"),
            value=value,
            values=values,
            label=self._label(node, tag, kind, value),
            words=" ".join(words).lower(),
            autocomplete=_attribute(node, "autocomplete").lower(),
            readonly="readonly" in node.attributes,
            hinted=frozenset(self._hinted.get(node.mem_id, ())),
            formaction=self._action(node, "formaction") if _attribute(node, "formaction") else None,
            formmethod=_attribute(node, "formmethod").lower() or None,
            formenctype=_attribute(node, "formenctype").lower() or None,
            mark=_attribute(node, MARK),
        )

    def _label(self, node: LexborNode, tag: str, kind: str, value: str) -> str:
        """Return what a person reads on a button or beside another control."""
        told = f"{_attribute(node, 'aria-label')} {_attribute(node, 'title')}"
        if tag == "button":
            return f"{_words_of(node)} {told}".strip()
        if kind in BUTTON_KINDS:
            return f"{value} {_attribute(node, 'alt')} {told}".strip()
        around = self._ancestor(node, "label")
        beside = self._labels.get(_attribute(node, "id"), "")
        return f"{beside} {'' if around is None else self._words_of(around)} {told}".strip()

    def _form(self, node: LexborNode) -> Form:
        charset = self._charset
        for name in _attribute(node, "accept-charset").replace(",", " ").split():
            if known := text_encoding(name):
                charset = known
                break
        words = " ".join(_attribute(node, name) for name in ("id", "name", "class", "action"))
        return Form(
            action=self._action(node, "action"),
            method="post" if _attribute(node, "method").strip().lower() == "post" else "get",
            enctype=_attribute(node, "enctype").strip().lower(),
            charset=charset,
            words=words.lower(),
            controls=tuple(self._controls.get(node.mem_id, ())),
        )

    def _ancestor(self, node: LexborNode, what: str) -> LexborNode | None:
        """Return the nearest node above that is one; what is known already is not walked again.

        Elements of made-up names nest thousands deep, with a control in each.
        """
        passed: list[tuple[int, str]] = []
        found: LexborNode | None = None
        above = node.parent
        while above is not None:
            place = (above.mem_id, what)
            if place in self._nearest or _is(above, what):
                found = self._nearest.setdefault(place, above)
                break
            passed.append(place)
            above = above.parent
        self._nearest.update(dict.fromkeys(passed, found))
        return found

    def _is_disabled(self, node: LexborNode) -> bool:
        """Return whether the control, or a fieldset around it, is disabled; in a legend, too."""
        return "disabled" in node.attributes or self._ancestor(node, DISABLING) is not None

    def _words_of(self, node: LexborNode) -> str:
        """Return the words of a label, read once for all the controls in it."""
        known = self._words.get(node.mem_id)
        if known is None:
            known = self._words[node.mem_id] = _words_of(node)
        return known

    def _action(self, node: LexborNode, name: str) -> str:
        """Return the absolute URL of an action; that of the page itself if there is none."""
        action = _attribute(node, name).strip()
        return joined(self._base, action) if action else self._url

    def _links(self) -> Iterator[Link]:
        for node in self._tree.css("a[href]"):
            label = f"{_words_of(node)} {_attribute(node, 'aria-label')}".strip()
            if label:
                yield Link(joined(self._base, _attribute(node, "href").strip()), label)

    def _refresh(self) -> Refresh | None:
        for node in self._tree.css("meta[http-equiv]"):
            if _attribute(node, "http-equiv").strip().lower() == "refresh":
                quiet = self._ancestor(node, "noscript") is not None
                found = read_refresh(_attribute(node, "content"), without_scripts=quiet)
                if found is not None:
                    return Refresh(found.delay_s, joined(self._base, found.url), quiet)
        return None

    def _is_scripted(self) -> bool:
        body = self._tree.body
        if body is not None and SCRIPTED.search(_attribute(body, "onload")):
            return True
        return any(SCRIPTED.search(node.text(deep=True)) for node in self._tree.css("script"))


def _is_executed(script: LexborNode) -> bool:
    """Return whether a script element is run, and holds no data (HTML, section 4.12.1)."""
    kind = _attribute(script, "type").strip().lower()
    return not kind or kind == "module" or kind.endswith("javascript")


def joined(base: str, reference: str) -> str:
    """Return the absolute URL of a reference; an unreadable one becomes `about:invalid`."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return "about:invalid"


def _is(node: LexborNode, what: str) -> bool:
    """Return whether a node has the tag, or is a fieldset that disables what is in it."""
    if what == DISABLING:
        return node.tag == "fieldset" and "disabled" in node.attributes
    return node.tag == what


def _words_of(node: LexborNode) -> str:
    return " ".join(node.text(deep=True, separator=" ").split())[:200]


def _values(node: LexborNode, tag: str, kind: str) -> tuple[str, tuple[str, ...]]:
    """Return the value of a control, and what it contributes if nobody touches it."""
    if tag == "select":
        return _selected(node)
    if tag == "textarea":
        text = node.text(deep=True).removeprefix("\n")
        return text, (text,)
    value = _attribute(node, "value")
    if kind in {"checkbox", "radio"}:
        value = value if "value" in node.attributes else "on"
        return value, (value,) if "checked" in node.attributes else ()
    return value, (value,)


def _selected(node: LexborNode) -> tuple[str, tuple[str, ...]]:
    """Return the selected options of a select element; without any, the first that can be."""
    options = [option for option in node.css("option") if "disabled" not in option.attributes]
    texts = [
        _attribute(option, "value") if "value" in option.attributes else _words_of(option)
        for option in options
    ]
    chosen = [
        t for option, t in zip(options, texts, strict=True) if "selected" in option.attributes
    ]
    if "multiple" in node.attributes:
        return "", tuple(chosen)
    single = chosen[-1:] or texts[:1]
    return "".join(single), tuple(single)
