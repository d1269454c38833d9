"""The text of each stub. None passes the tests before it is filled in."""

from collections.abc import Sequence

from tools.new_check.names import FILL_IN, Name

__all__ = ["check", "check_module", "entry", "mutant", "mutant_module", "probe_module"]


def entry(name: Name, url: str = "") -> str:
    """Return the entry of the catalogue; `url` where the head of its file has another one."""
    lines = [
        "[[requirement]]",
        f'id = "{name.id}"',
        f'section = "{name.section}"',
        f'level = "MUST"  # {FILL_IN}: MUST, MUST NOT, SHOULD, SHOULD NOT or MAY',
        f'basis = "keyword"  # {FILL_IN}: keyword, definition, abnf, client-duty, prose, judgement',
        f'area = "{FILL_IN}"',
        f'summary = "{FILL_IN}: what the server does, one sentence."',
        f'when = "always"  # {FILL_IN}: or a condition, such as metadata:revocation_endpoint',
        'testable = "black-box"',
        f'probe = "{FILL_IN}: what to send, and what proves or refutes it."',
        f'severity = "medium"  # {FILL_IN}: high, medium or low',
        *([f'url = "{url}"'] if url else []),
    ]
    return "\n".join(lines) + "\n"


def check(name: Name, probes: Sequence[str]) -> str:
    """Return the check function, whose arguments are the traces of these probes."""
    arguments = ", ".join(f"{probe}: Trace" for probe in probes)
    read = ", ".join(f"{{{probe}}}" for probe in probes)
    return (
        f'@requirement("{name.id}")\n'
        f"def {name.test}({arguments}) -> None:\n"
        f'    """{FILL_IN}: what holds if the server is right, one sentence."""\n'
        f'    raise NotImplementedError(f"{FILL_IN}: assert it of {read}")\n'
    )


def check_module(name: Name, probes: Sequence[str]) -> str:
    """Return a new file of checks."""
    return (
        f'"""{name.spec} section {name.section}: {FILL_IN}: what it is about."""\n\n'
        "from idprobe.checks import Trace, requirement\n\n\n"
        f"{check(name, probes)}"
    )


def mutant(name: Name) -> str:
    """Return the mutant, which is no mutant before it overrides a method."""
    return (
        f'@mutant(breaks="{name.id}")\n'
        f"class {name.mutant_class}(ReferenceServer):\n"
        f'    """{FILL_IN}: what this server does wrong; override the method that does it."""\n'
    )


def mutant_module(name: Name) -> str:
    """Return a new file of mutants."""
    return (
        f'"""Mutants of {name.spec} section {name.section}."""\n\n'
        "# ruff: noqa: D102 - the class of a mutant says what its one method does\n\n"
        "from idprobe_reference.mutants.registry import mutant\n"
        "from idprobe_reference.server import ReferenceServer\n\n\n"
        f"{mutant(name)}"
    )


def probe_module(probe: str) -> str:
    """Return a new file with a probe."""
    return (
        f'"""{FILL_IN}: what these experiments are about."""\n\n'
        "from idprobe.client.wire import Wire\n"
        "from idprobe.probes import probe\n\n"
        f'__all__ = ["{probe}"]\n\n\n'
        "@probe()\n"
        f"async def {probe}(wire: Wire) -> None:\n"
        f'    """{FILL_IN}: what is sent, one sentence."""\n'
        f'    raise NotImplementedError(f"{FILL_IN}: what to send to {{wire.provider.issuer}}")\n'
    )
