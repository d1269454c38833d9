"""Whatever a server says at one place, each check comes to a verdict of its own.

A sample of the bends of tests.recorded.bending, always the same; `nox -s bending` judges them all.
"""

from typing import Final

import pytest
from tests.recorded.bending import ALL_THERE_IS, UNRELATED, VALUES, Found, bent, places
from tests.recorded.record import ROOT, recordings

from idprobe.audit.audit import recorded_profile
from idprobe.formats.strict_json import parse_json
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Capability, Situation, missing_because
from idprobe.model.profile.terms import unmet_because

SHARE: Final = 0.001
"""Some thousand bends, which take 10 s."""


@pytest.fixture(name="found", scope="module")
def found_() -> Found:
    """What came of the sample."""
    return bent(SHARE, seed=0)


def test_no_check_crashes(found: Found) -> None:
    assert found.judged > 2_000
    assert found.crashes == {}


def test_what_no_specification_knows_changes_no_verdict(found: Found) -> None:
    assert found.strays == []


def test_bends_are_seen(found: Found) -> None:
    """Checks that speak of a place are turned: else the bends would not arrive."""
    assert len(found.turned) > 50


def test_members_that_no_specification_knows_are_among_the_bends() -> None:
    traces = [one for _, recorded, _ in recordings() for one in recorded.traces.values()]
    found = {
        place.key[1] for one in traces[:100] for place in places(one) if UNRELATED in place.key
    }

    assert found >= {"header", "json", "parameter"}


def test_checks_that_look_at_all_there_is_exist() -> None:
    for name in ALL_THERE_IS:
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / "conformance" / file).read_text(encoding="utf-8")


def test_no_metadata_stop_the_decision_what_applies() -> None:
    terms = {term for requirement in load_catalogue() for term in requirement.when}
    for _, recorded, _ in recordings():
        profile, metadata = recorded_profile(recorded), recorded.run["metadata"]
        for name in [*metadata, UNRELATED]:
            for value in VALUES:
                changed = {**metadata, name: parse_json(value.encode())}
                situation = Situation(profile, changed, {})
                for term in terms:
                    unmet_because(term, situation)
                for capability in Capability:
                    missing_because(capability, profile, changed, {})
        break  # the others are of the same kind
