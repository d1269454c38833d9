"""A JSON Schema as a page: each key with its type and what it means, tables by their path."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idprobe.formats.schemas import schema
from tools.traceability.tables import code, escaped, table

__all__ = ["schema_page"]

_TITLES: Final = {
    "profile": "Profile",
    "results": "Results",
    "load": "Load results",
}
_HEAD: Final = ("key", "type", "means")
_NAME: Final = "NAME"
_REFERENCE: Final = "#/$defs/reference"

Schema = Mapping[str, Any]


def schema_page(name: str) -> str:
    """Return the page of a schema of idprobe."""
    root = schema(name)
    file = f"fixtures/schemas/{name}.schema.json"
    lines = [
        f"# {_TITLES[name]}\n",
        f"{escaped(root['description'])}\n",
        f"The schema is `{file}`; keys in *italics* may be left out.\n",
        *_section("", root, root),
    ]
    return "\n".join(lines)


def _section(path: str, node: Schema, root: Schema) -> Iterator[str]:
    """Yield the table of one object, then the sections of those inside it."""
    known = _properties(node)
    if known:
        yield f"## {path}\n" if path else "## At the top\n"
        yield f"{escaped(node['description'])}\n" if path and "description" in node else ""
        needed = {one for form in _forms(node) for one in form.get("required", ())}
        rows = (_row(key, one, root, needed=key in needed) for key, one in known.items())
        yield table(_HEAD, rows)
    for inner, one in _inside(path, node):
        yield from _section(inner, _resolved(one, root), root)


def _forms(node: Schema) -> Iterator[Schema]:
    """Yield an object and the alternatives that it has."""
    yield node
    yield from (one for name in ("anyOf", "oneOf") for one in node.get(name, ()))


def _properties(node: Schema) -> dict[str, Schema]:
    return {key: one for form in _forms(node) for key, one in form.get("properties", {}).items()}


def _inside(path: str, node: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield what may be an object of its own inside an object, by its path."""
    for form in _forms(node):
        for key, one in form.get("properties", {}).items():
            yield (f"{path}.{key}" if path else key), one
        if isinstance(form.get("additionalProperties"), dict):
            yield f"{path}.{_NAME}", form["additionalProperties"]
        if isinstance(form.get("items"), dict):
            yield f"{path}[]", form["items"]


def _row(key: str, node: Schema, root: Schema, *, needed: bool) -> tuple[str, str, str]:
    resolved = _resolved(node, root)
    means = escaped(node.get("description", resolved.get("description", "")))
    return code(key) if needed else f"*{code(key)}*", escaped(_type(resolved, root)), means


def _resolved(node: Schema, root: Schema) -> Schema:
    """Return a schema with what it refers to; its own members win."""
    name = str(node.get("$ref", ""))
    return {**root["$defs"][name.rpartition("/")[2]], **node} if name else node


def _type(node: Schema, root: Schema) -> str:
    """Return in a few words what a value may be; `{ env = }` goes without saying."""
    if "const" in node:
        return repr(node["const"]).lower() if node["const"] is True else repr(node["const"])
    if "enum" in node:
        return ", ".join("null" if one is None else str(one).lower() for one in node["enum"])
    if "anyOf" in node or "oneOf" in node:
        forms = [one for one in _forms(node) if one is not node]
        said = (_type(_resolved(one, root), root) for one in forms if one.get("$ref") != _REFERENCE)
        return " or ".join(dict.fromkeys(said))
    kind = node.get("type", "object" if "properties" in node else "any")
    if kind == "array":
        return f"list of {_type(_resolved(node.get('items', {}), root), root)}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
