"""The certification plans select what their modules are about, and the embedded server passes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.client.wire import Human, Wire
from idprobe.errors import CatalogueError
from idprobe.findings.run import Run
from idprobe.flows import Ending, HumanStep
from idprobe.judge.anchors import load_anchors
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.judge.plans import PLANS, modules_of, plan_named, requirements_selected
from idprobe.login.forms.form_login import form_login
from idprobe.model.catalogue import Family, load_catalogue
from idprobe.model.profile import Profile, with_issuer
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
CATALOGUE: Final = load_catalogue()


def audited(name: str, standards: Sequence[str], out: Path) -> Run:
    app = ReferenceServer(replace(CONFIGS[name](), issuer=ISSUER)).app
    options = Options(out / "out", standards=tuple(standards), keeps_evidence=False)
    audit = Audit(with_issuer(resolve(name), ISSUER), options, InProcess(app))
    judged(audit, [one for one in all_checks() if any(map(audit.scope.selects, one.requirements))])
    return audit.conclude()


def response_types(plan: str) -> set[str]:
    return {
        term.removeprefix("response_type:")
        for one in requirements_selected(CATALOGUE, [plan])
        for term in CATALOGUE[one].when
        if term.startswith("response_type:")
    }


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", CONFIGS)
def test_the_embedded_server_passes_each_plan_alone_and_without_a_person(
    name: str, plan: str, tmp_path: Path
) -> None:
    run = audited(name, [plan], tmp_path)

    findings = run.by_requirement()
    bad = [one for one in findings if one.name not in {"satisfied", "not_applicable"}]
    assert [f"{one.requirement.id}: {one.because}" for one in bad] == []
    assert {one.name for one in findings} >= {"satisfied"}
    assert run.checks_by_hand == 0


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_leaves_out_of_its_modules_only_what_is_about_other_flows(plan: str) -> None:
    chosen = requirements_selected(CATALOGUE, [plan])
    named = {name for row in modules_of(plan) for name in row.checks}
    meant = {i for one in all_checks() if one.name in named for i in one.requirements}

    left = [CATALOGUE[one] for one in meant - chosen]

    assert all("response_type" in str(one.when) or "_flow" in str(one.when) for one in left)
    assert len(chosen & meant) > len(left)


def test_every_plan_of_openid_connect_can_be_selected() -> None:
    rows = load_anchors()["oidf-op-modules"]
    behind = {name for plan in PLANS.values() for name in plan.names}

    named = {name for row in rows if row.id.startswith("oidcc-") for name in row.plans}

    assert named - behind == {"oidcc", "3rdparty"}


def test_basic_asks_nothing_of_flows_without_a_code() -> None:
    assert response_types("basic") == {"code"}


def test_implicit_asks_nothing_of_flows_with_a_code() -> None:
    assert response_types("implicit") == {"id_token", "id_token token"}


def test_hybrid_asks_nothing_of_flows_of_one_word() -> None:
    assert not response_types("hybrid") & {"code", "id_token", "id_token token"}


def test_form_post_adds_its_own_document() -> None:
    chosen = requirements_selected(CATALOGUE, ["form_post"])

    assert {one.id for one in CATALOGUE if one.document == "oauth-form-post"} <= chosen


def test_a_plan_is_named_with_its_family_or_without() -> None:
    assert requirements_selected(CATALOGUE, ["oidc:config"]) == requirements_selected(
        CATALOGUE, ["config"]
    )


def test_plans_and_families_add_up() -> None:
    both = requirements_selected(CATALOGUE, ["logout", "par"])

    assert both > requirements_selected(CATALOGUE, ["logout"])
    assert Family.PAR in {CATALOGUE[one].family for one in both}


@pytest.mark.parametrize(
    ("standard", "error"),
    [("oidc:bsic", "did you mean oidc:basic"), ("par:basic", "par:basic is no plan we know")],
)
def test_an_unknown_plan_is_answered_with_the_nearest(standard: str, error: str) -> None:
    with pytest.raises(CatalogueError, match=error):
        plan_named(standard)


def test_a_plan_alone_leaves_out_the_promises_of_the_profile(tmp_path: Path) -> None:
    run = audited("speakup", ["oidc:config"], tmp_path)

    assert Family.CONTRACT not in {one.requirement.family for one in run.judgements}


def test_a_person_at_the_login_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def person(wire: Wire, step: HumanStep, name: str) -> Ending:
        wire.by_hand += 1
        profile = wire.provider.profile
        flow = form_login(step, profile.login.hints, profile.allowed_origins)
        ended = await wire.run(flow, name)
        wire.name_ending(ended, name)
        return ended

    @asynccontextmanager
    async def played(_profile: Profile) -> AsyncIterator[Human]:
        yield Human(person)

    monkeypatch.setattr("idprobe.observe.observer.playing", played)
    app = ReferenceServer(replace(reference_config(), issuer=ISSUER)).app
    options = Options(tmp_path / "out", keeps_evidence=False)
    audit = Audit(with_issuer(resolve("reference"), ISSUER), options, InProcess(app))
    code = [one for one in all_checks() if one.probes in {("code_answer",), ("keys_document",)}]

    judged(audit, code)

    expected = {one.name for one in code if one.probes == ("code_answer",)}
    assert audit.conclude().checks_by_hand == len(expected)
