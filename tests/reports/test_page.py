"""The page says it all, loads nothing, and lets no server write HTML."""

import base64
import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from idprobe.evidence.store import ProbeOutcome
from idprobe.findings.run import NotTested, Run
from idprobe.model.exchange import (
    Connection,
    Exchange,
    Landing,
    LandingMode,
    Release,
    Request,
    Response,
    Sender,
)
from idprobe.model.trace import Trace
from idprobe.model.verdict import HarnessFault, Inconclusive, NotApplicable, Violated
from idprobe.report import write_all
from idprobe.report.compressed_exchanges import packed, unpacked
from idprobe.report.page import page_html
from idprobe.report.transcript import transcript

Maker = Callable[..., Any]
EVIL = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
    "\x1b[31m\x00\u202e\ud800</style>"
)


def parsed(run: Run) -> LexborHTMLParser:
    return LexborHTMLParser(page_html(run))


def text_of(page: LexborHTMLParser, selector: str) -> str:
    return " ".join(" ".join(node.text() for node in page.css(selector)).split())


def packed_in(page: LexborHTMLParser) -> dict[str, Any]:
    found = re.search(r'<template id="packed">(.*?)</template>', page.html or "", re.DOTALL)
    assert found is not None
    return unpacked(found[1])


def packed_anchors(page: LexborHTMLParser) -> list[str]:
    """Return the fragments that the script makes of what is packed."""
    return [
        anchor
        for probe in packed_in(page)["probes"]
        for anchor in (probe["anchor"], *(one["anchor"] for one in probe["exchanges"]))
    ]


@pytest.fixture
def hostile(run_of: Maker, requirement_of: Maker, judgement_of: Maker) -> Run:
    """Return a run in which the server put the same attack wherever it has a say."""
    landing = Landing(EVIL, LandingMode.FRAGMENT, ((EVIL, EVIL),))
    request = Request("POST", "http://h", EVIL.encode("utf-8", "replace"), ((EVIL, EVIL),), b"\xff")
    body = EVIL.encode("utf-8", "replace") * 10_000
    answer = Response(200, ((EVIL, EVIL), ("Content-Type", "text/html")), body, EVIL, EVIL)
    started = run_of().started_at
    exchanges = (
        Exchange(request, answer, started, 1, EVIL, landing=landing),
        Exchange(request, None, started, 1, EVIL, failure=EVIL),
    )
    verdicts = [Violated(EVIL), Inconclusive(EVIL), NotApplicable(EVIL), HarnessFault(EVIL)]
    run: Run = run_of(
        *(
            judgement_of(
                requirement_of(f"RFC6749-5/x{number}"),
                verdict,
                **dict.fromkeys(("check", "claim", "sent", "saw", "curl"), EVIL),
                traces=(EVIL,),
                exchange=f"{EVIL}#0",
            )
            for number, verdict in enumerate(verdicts)
        ),
        **dict.fromkeys(("target", "issuer", "build"), EVIL),
        notes=(EVIL,),
        metadata={
            EVIL: EVIL,
            "grant_types_supported": [EVIL],
            "code_challenge_methods_supported": 7,
        },
        endpoints={EVIL: EVIL},
        configuration={EVIL: EVIL},
        untested=(NotTested(requirement_of("RFC6749-5/unseen"), EVIL),),
        traces={EVIL: Trace(EVIL, exchanges)},
        probes={EVIL: ProbeOutcome(EVIL, "crashed", EVIL, 2)},
    )
    return run


def test_a_finding_tells_its_whole_story(run: Run) -> None:
    page = parsed(run)

    story = text_of(page, "article.finding:first-of-type")

    for part in (
        "RFC6749-5.1/cache-control-no-store",
        "MUST",
        "high severity",
        "rests on keyword",
        "counts",
        "No cache may keep a response that carries a token.",
        "The server keeps the rule cache-control-no-store.",
        "redeem: <POST http://127.0.0.1:9000/token>",
        "<200 application/json, 120 bytes>",
        "the token response has Cache-Control: private",
        "curl --include",
    ):
        assert part in story


def test_a_finding_links_its_section_and_its_exchange(run: Run) -> None:
    page = parsed(run)

    links = [node.attributes["href"] for node in page.css("article.finding a")]

    assert "https://www.rfc-editor.org/rfc/rfc6749#section-5.1" in links
    assert "#code_redeemed-1" in links


def test_every_inner_link_leads_somewhere(run: Run) -> None:
    page = parsed(run)

    anchors = [node.attributes["id"] for node in page.css("[id]")] + packed_anchors(page)
    inner = [str(node.attributes["href"]) for node in page.css("a[href^='#']")]

    assert len(anchors) == len(set(anchors))
    assert {link[1:] for link in inner} <= set(anchors)


def test_sections_come_in_the_order_of_their_weight(run: Run) -> None:
    sections = [node.attributes.get("id") for node in parsed(run).css("main > section")]

    assert sections == [
        "findings",
        "areas",
        "declared",
        "harness_fault",
        "inconclusive",
        "not_applicable",
        "untested",
        "satisfied",
        "abilities",
        "timings",
        "configuration",
        "evidence",
    ]


def test_a_verdict_has_a_word_and_a_mark(run: Run) -> None:
    badges = parsed(run).css(".tiles .badge")

    assert [" ".join(badge.text(separator=" ").split()) for badge in badges] == [
        "✗ Violated",
        "? Inconclusive",
        "! Harness fault",
        "✓ Satisfied",
        "- Not applicable",
    ]


def test_one_cause_makes_one_group(run: Run) -> None:
    (group,) = parsed(run).css("#inconclusive details")

    assert len(group.css("li")) == 3


def test_what_a_finding_rests_on_is_there_without_a_script(run: Run) -> None:
    story = text_of(parsed(run), "article.finding:first-of-type .wirelog")

    assert "Authorization: Basic \u2039client_secret-1\u203a" in story
    assert "HTTP/1.1 200 OK" in story
    assert '{ "access_token": "x", "n": 1 }' in story
    assert "browser to server: GET /authorize" in story
    assert "302 · lands at the client with code" in story
    assert "client to server: POST /token" in story


def test_the_deciding_exchange_stands_out_in_the_sequence(run: Run) -> None:
    (decides,) = parsed(run).css("article.finding:first-of-type .sequence .decides")

    assert "redeem" in decides.text()


def test_every_exchange_is_packed(run: Run) -> None:
    (probe,) = [one for one in packed_in(parsed(run))["probes"] if one["name"] == "code_redeemed"]

    redirect, answer, silence = probe["exchanges"]

    assert redirect["request"][0].startswith("GET http://127.0.0.1:9000/authorize?client_id=app")
    assert redirect["landing"][0] == "https://client.example/cb by query"
    assert redirect["landing"][1] == [["code", "\u2039code-1\u203a"]]
    assert ["Authorization", "Basic \u2039client_secret-1\u203a"] in answer["request"][1]
    assert answer["responseBody"][0] == '{\n  "access_token": "x",\n  "n": 1\n}'
    assert silence["failure"] == "timed out"
    assert "status" not in silence


def test_the_matrix_has_an_area_a_row_and_a_standard_a_column(run: Run) -> None:
    page = parsed(run)

    columns = [node.text() for node in page.css("#areas thead th")]
    (cell,) = page.css("#areas a[data-area='code'][data-family='oauth2.0']")

    assert (columns[0], columns[-1]) == ("Area", "All")
    assert "oauth2.0" in columns
    assert cell.text().split() == ["✓1", "satisfied"]


def test_what_was_not_tested_is_listed_with_its_reason(run: Run) -> None:
    text = text_of(parsed(run), "#untested")

    assert "no check judges it yet" in text
    assert "RFC6749-10/unseen" in text


def test_word_and_deed_stand_side_by_side(run: Run) -> None:
    rows = [" ".join(row.text(separator=" ").split()) for row in parsed(run).css("#abilities tr")]

    assert (
        "grant authorization_code yes never in 2 tries announces it and never did it here"
        not in rows
    )
    assert "grant password yes not tried" in rows


def test_the_notes_of_a_run_are_in_its_head(run: Run) -> None:
    assert "TLS certificates were not verified" in text_of(parsed(run), "header .notes")


def test_the_page_loads_nothing(run: Run) -> None:
    page = parsed(run)

    assert not page.css("link, img, iframe, object, embed, base, form, [src], [srcset], [style]")
    assert "url(" not in text_of(page, "style")
    assert "@import" not in text_of(page, "style")


def test_the_policy_admits_our_own_style_and_script_only(run: Run) -> None:
    html = page_html(run)
    (policy,) = LexborHTMLParser(html).css("meta[http-equiv]")

    for element in ("style", "script"):
        found = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        (text,) = found
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in str(policy.attributes["content"])
    assert str(policy.attributes["content"]).startswith("default-src 'none'; ")
    assert "unsafe" not in str(policy.attributes["content"])


def test_nothing_of_a_hostile_server_becomes_an_element(hostile: Run, run: Run) -> None:
    page = parsed(hostile)

    assert len(page.css("script")) == 1
    assert not page.css("template *")
    assert not page.css("img")
    assert {node.tag for node in page.css("body *")} <= {
        *(node.tag for node in parsed(run).css("body *"))
    }
    for node in page.css("*"):
        assert not any(name.startswith("on") for name in node.attributes)


def test_links_of_a_hostile_page_lead_to_specifications_or_into_the_page(hostile: Run) -> None:
    links = [str(node.attributes["href"]) for node in parsed(hostile).css("[href]")]

    assert all(link.startswith(("#", "https://www.rfc-editor.org/")) for link in links)


def test_characters_that_nobody_sees_are_shown(hostile: Run) -> None:
    html = page_html(hostile)

    assert not set(html) & set("\x00\x1b\x7f\u202e\ud800\u200b")
    assert "␛[31m␀⟨U+202E⟩" in html


def test_a_template_is_not_run_on_a_servers_words(hostile: Run) -> None:
    html = page_html(hostile)

    assert "{{7*7}}" in html
    assert ">49<" not in html


def test_huge_bodies_are_cut_and_the_page_says_so(run_of: Maker, trace_of: Maker) -> None:
    traces = {f"p{number}": trace_of(f"p{number}", b"<" * 1_000_000) for number in range(3)}

    html = page_html(run_of(traces=traces, probes={}))

    assert len(html.encode()) < 150_000
    assert packed_in(LexborHTMLParser(html))["cap"] == 16384
    assert "Bodies are cut here" in html


def test_two_thousand_exchanges_of_noise_stay_under_a_megabyte_and_a_half(
    run_of: Maker, trace_of: Maker
) -> None:
    noise = random.Random(7)  # noqa: S311 -- something that does not compress
    traces = {
        f"p{number}": trace_of(f"p{number}", noise.randbytes(2000).hex().encode())
        for number in range(667)
    }

    html = page_html(run_of(traces=traces, probes={}))

    assert len(html.encode()) < 1_500_000


def test_many_short_exchanges_are_shown_without_headers_rather_than_beyond_the_limit(
    run_of: Maker, trace_of: Maker
) -> None:
    noise = random.Random(7)  # noqa: S311 -- something that does not compress
    short = trace_of("short", b"{}")
    one = short.exchanges[0]
    busy = [
        replace(
            one, request=replace(one.request, headers=(("X-Noise", noise.randbytes(300).hex()),))
        )
        for _ in range(3000)
    ]
    traces = {"busy": replace(short, probe="busy", exchanges=tuple(busy)), "short": short}

    html = page_html(run_of(traces=traces, probes={}))

    assert len(html.encode()) < 1_500_000
    found = {
        probe["name"]: probe["exchanges"] for probe in packed_in(LexborHTMLParser(html))["probes"]
    }
    assert len(found["busy"]) == 3000
    assert "no room" in found["busy"][0]["remarks"][-1]
    assert found["short"][0]["request"][1] == [[n, v] for n, v in one.request.headers]


def test_what_fits_at_no_length_is_packed_at_the_shortest(trace_of: Maker) -> None:
    trace = trace_of("long", b"x" * 100)

    text, cap = packed([(ProbeOutcome("long", "done"), trace)], budget=1)

    (probe,) = unpacked(text)["probes"]
    assert unpacked(text)["cap"] == cap == 64
    assert len(probe["exchanges"]) == len(trace)
    assert all(not one["request"][1] for one in probe["exchanges"])


def test_an_exchange_says_what_was_special_about_it(trace_of: Maker) -> None:
    one = trace_of().exchanges[1]
    special = replace(
        one,
        sender=Sender.RAW,
        retried=2,
        release=Release(4_500),
        connection=Connection(tls_version="TLSv1.3"),
        response=replace(one.answered, truncated=True),
    )

    (told,) = transcript(Trace("race", (special,)), 100)

    assert told.remarks == (
        "sent by the client",
        "through raw",
        "retried 2 times",
        "let go 4 µs after the first of its race",
        "TLSv1.3",
        "recorded only in part: the body was longer than our bound",
    )


def test_a_judgement_without_an_exchange_has_no_dead_link(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    run = run_of(
        judgement_of(
            requirement_of("RFC6749-5/x"), Violated("x"), traces=("gone",), exchange="gone#4"
        )
    )

    assert not parsed(run).css("article.finding dl a")


def test_a_run_that_judged_nothing_still_has_a_page(run_of: Maker) -> None:
    page = parsed(run_of(traces={}, probes={}, untested=(), notes=(), exit_codes=(3,)))

    assert "Nothing was shown to be broken, and nothing to be kept either." in text_of(page, "main")


def test_the_order_in_which_probes_ended_does_not_show(run: Run) -> None:
    backwards = replace(
        run,
        judgements=run.judgements[::-1],
        probes=dict(reversed(list(run.probes.items()))),
    )

    assert page_html(backwards) == page_html(run)


def test_all_reports_are_written(run: Run, tmp_path: Path) -> None:
    write_all(run, tmp_path / "out")

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.json",
        "junit.xml",
        "results.sarif",
        "summary.md",
        "badge.json",
        "report.html",
    }


def test_every_requirement_has_one_place_to_link_to(run: Run) -> None:
    page = parsed(run)

    ids = [node.attributes["id"] for node in page.css("[id]")]

    assert len(ids) == len(set(ids))
    assert {finding.requirement.id for finding in run.by_requirement()} <= set(ids)
