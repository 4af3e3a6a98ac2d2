"""The viewer's page and data, as far as they can be checked without a browser."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

import pytest

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.sentences import parts
from counterpoint.harness.viewer.data import run_data
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.trace import Trace
from tests.report.test_report import abd_verdict, played
from tests.support.abd import abd
from tests.support.gossip import gossip
from tests.support.runs import abd_failure, random_trace

UPSTREAM = files("counterpoint.harness") / "viewer" / "upstream"


@cache
def runs() -> list[Trace]:
    """Runs with all kinds of faults."""
    found = [random_trace(abd(), seed) for seed in range(8)]
    return [*found, *(random_trace(gossip(4, 2), seed) for seed in range(8))]


def trace_in(html: str) -> dict[str, object]:
    """Return the data inside a page."""
    packed = html.partition('id="trace">')[2].partition("<")[0]
    data = json.loads(gzip.decompress(b64decode(packed)))
    assert isinstance(data, dict)
    return data


def test_every_upstream_file_is_the_published_one_and_has_its_licence() -> None:
    sources = json.loads((UPSTREAM / "sources.json").read_text())
    for source in sources:
        assert sha256((UPSTREAM / source["file"]).read_bytes()).hexdigest() == source["sha256"]
        licence = (UPSTREAM / source["license_file"]).read_text()
        assert {"MIT": "MIT License", "Apache-2.0": "Apache License"}[source["license"]] in licence
    modules = {f.name for f in UPSTREAM.iterdir() if f.name.endswith(".mjs")}
    assert modules == {source["file"] for source in sources}


def test_the_policy_allows_the_scripts_of_the_page_and_no_others() -> None:
    html = view_html(abd_failure(), (abd_verdict(),))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    scripts = re.findall(r"<script(?: type=\"(?:importmap|module)\")>(.*?)</script>", html, re.S)
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert len(scripts) == 2
    assert style is not None
    for text in (*scripts, style[1]):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy[1]
    assert "unsafe" not in policy[1]
    assert "default-src 'none'" in policy[1]


def test_the_page_is_the_same_every_time() -> None:
    pages = {view_html(abd_failure(), (abd_verdict(),)) for _ in range(2)}
    assert len(pages) == 1


@pytest.mark.parametrize("trace", runs())
def test_deltas_lead_from_the_first_state_to_the_last(trace: Trace) -> None:
    data = run_data(TraceExplanation(trace), "")
    states = [dict(state) for state in data["start"]]  # type: ignore[attr-defined]
    for delta in data["deltas"]:  # type: ignore[attr-defined]
        for node, path, text in zip(*[iter(delta or ())] * 3, strict=True):
            if text is None:
                del states[node][path]
            else:
                states[node][path] = text
    last = Trace(trace.scenario, (), (), trace.worlds[-1:])
    assert states == run_data(TraceExplanation(last), "")["start"]


@pytest.mark.parametrize("trace", runs())
def test_every_step_has_its_sentence_and_every_message_its_fates(trace: Trace) -> None:
    story = TraceExplanation(trace)
    data = run_data(story, "")
    said = str(data["said"]).split("\x1e")
    assert [[p[1:] for p in one.split("\x1f")] for one in said] == [
        [part.text for part in parts(story, step)] for step in range(len(trace.choices))
    ]
    fates = [fate for fate in data["fates"] if fate]  # type: ignore[attr-defined]
    assert len(fates) == sum(len(letter.fates) for letter in story.letters.values())


@pytest.mark.slow
def test_a_page_of_ten_thousand_events_stays_small() -> None:
    html = view_html(played(6, 5_000), (abd_verdict(),))
    assert len(html) < 300_000
    assert len(trace_in(html)["run"]["kinds"]) == 5_000  # type: ignore[index]
