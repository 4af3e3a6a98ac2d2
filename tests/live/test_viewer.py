"""The viewer in a real browser: every key, every step, hostile traces, and its size and speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from counterpoint.harness.analysis.analyses import analyse
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.sentences import sentence
from counterpoint.harness.viewer.data import PageContext, view_data
from counterpoint.harness.viewer.page import page as page_of
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.search.replay import judge
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Edge, broken, said
from tests.live.conftest import Tab
from tests.report.test_report import abd_verdict, played
from tests.support.gossip import gossip
from tests.support.runs import abd_as_found, abd_failure, abd_faults, gossip_failure, random_trace

pytestmark = pytest.mark.browser

KEYS = [
    "[",
    "]",
    "m",
    "o",
    "f",
    "F",
    "d",
    "i",
    "p",
    "1",
    "2",
    "3",
    "4",
    "5",
    "u",
    "v",
    "Home",
    "End",
]


def html_of(trace: Trace) -> str:
    """Return the page of a trace with all analyses."""
    verdicts = judge(trace)
    verdict = next((v for v in verdicts if v.is_broken), None)
    found = analyse(trace, verdict, seconds=1_000, samples_max=10) if verdict else None
    return view_html(trace, verdicts, found)


def selected(page: Any) -> int:
    """Return the selected step."""
    return int(page.get_attribute("[role=listbox]", "aria-activedescendant")[1:])


@pytest.mark.parametrize("name", ["abd", "abd-as-found", "abd-faults", "gossip", "gossip-faults"])
def test_every_step_is_reached_by_keyboard_and_says_its_sentence(tab: Tab, name: str) -> None:
    made: dict[str, Callable[[], Trace]] = {
        "abd": abd_failure,
        "abd-as-found": abd_as_found,
        "abd-faults": abd_faults,
        "gossip": gossip_failure,
        "gossip-faults": lambda: random_trace(gossip(4, 2), 5),
    }
    trace = made[name]()
    page = tab.open(html_of(trace))
    story = TraceExplanation(trace)
    page.keyboard.press("Home")
    for step in range(len(trace.choices)):
        assert selected(page) == step
        row = page.locator(f"#s{step}")
        assert row.get_attribute("aria-selected") == "true"
        words = sentence(story, step).removesuffix(" ✗")
        assert words.split(" · ")[0] in row.text_content()
        assert f"Step {step}" in page.locator("aside").text_content()
        assert f"step={step}" in page.url
        page.keyboard.press("ArrowRight")
    assert selected(page) == len(trace.choices) - 1
    assert tab.errors == []


def test_every_key_at_every_step_does_no_harm(tab: Tab) -> None:
    trace = random_trace(gossip(4, 2), 5)
    page = tab.open(html_of(trace))
    for step in range(0, len(trace.choices), 3):
        for key in KEYS:
            page.evaluate("step => { location.hash = `#step=${step}` }", step)
            page.keyboard.press(key)
    for key in ("t", "?", "e"):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog:not([open])", state="attached")
    assert tab.errors == []


def test_keys_go_where_they_say(tab: Tab) -> None:
    page = tab.open(html_of(abd_failure()))
    for start, key, end in [
        (11, "[", 10), (10, "]", 11), (11, "m", 10), (7, "o", 11), (11, "o", 7), (0, "v", 11),
        (11, "ArrowUp", 9), (9, "ArrowDown", 11), (5, "ArrowLeft", 4), (3, "End", 11),
    ]:  # fmt: skip
        page.evaluate("step => { location.hash = `#step=${step}` }", start)
        page.wait_for_selector(f"#s{start}[aria-selected=true]")
        page.keyboard.press(key)
        assert selected(page) == end, (start, key)


def test_a_link_restores_step_lens_and_filter(tab: Tab) -> None:
    html = html_of(abd_failure())
    page = tab.open(html, link="#step=8&lens=past&node=r3")
    assert selected(page) == 8
    assert page.get_attribute("button[aria-pressed=true] >> nth=0", "aria-pressed") == "true"
    assert page.input_value("#filter") == "node:r3"
    assert "lens=past" in page.url


def test_filters_fold_the_other_rows(tab: Tab) -> None:
    page = tab.open(html_of(abd_faults()))
    for text, steps in [
        ("kind:hold", ["7"]),
        ("op:o1 node:c1", ["0", "5", "9"]),
        ("r3 crashes", ["6"]),
    ]:
        page.fill("#filter", text)
        page.wait_for_selector(".row.fold")
        numbers = page.locator(".row:not(.fold) .n").all_text_contents()
        assert numbers == steps, text
    page.locator(".row.fold").first.click()
    assert page.locator(".row:not(.fold)").count() > 1
    assert tab.errors == []


def test_the_comparison_pins_the_first_difference(tab: Tab) -> None:
    page = tab.open(html_of(abd_failure()))
    page.keyboard.press("p")
    text = page.locator("aside").text_content()
    assert "Compared with the nearest passing run" in text
    assert page.locator(".row .mark", has_text="≠").count() == 1


def test_every_drawn_arrow_is_a_fate(tab: Tab) -> None:
    trace = abd_failure()
    page = tab.open(html_of(trace), link="#step=0&lens=")
    letters = TraceExplanation(trace).letters.values()
    arrivals = sum(f.kind == "deliver" for letter in letters for f in letter.fates)
    flying = sum(letter.in_flight > 0 for letter in letters)
    assert page.locator("path.message:not(.flying):not(.stub)").count() == arrivals
    page.keyboard.press("i")
    assert page.locator("path.message.flying").count() == flying > 0


def test_messages_that_never_arrive_are_stubs_until_asked_for(tab: Tab) -> None:
    trace = abd_failure()
    page = tab.open(html_of(trace), link="#step=0&lens=")
    flying = [m for m in TraceExplanation(trace).letters.values() if m.in_flight]
    at_once = sum(letter.sent_step == 0 for letter in flying)
    assert page.locator("path.message.stub").count() == len(flying) - at_once
    assert page.locator("path.message.flying").count() == at_once  # of the step that is looked at
    boxes = page.locator("path.message.stub").evaluate_all(
        "paths => paths.map((path) => path.getTotalLength())"
    )
    assert max(boxes) < 40
    page.keyboard.press("i")
    assert page.locator("path.message.stub").count() == 0
    assert page.locator("path.message.flying").count() == len(flying)
    page.keyboard.press("i")
    assert page.locator("path.message.flying").count() == at_once
    assert tab.errors == []


HOSTILE = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">'


@pytest.mark.parametrize("text", [HOSTILE, "{{SCRIPT}}", "\u202eevil\x1b[31m", "A" * 10_000_000])
def test_what_a_trace_says_is_text(tab: Tab, text: str) -> None:
    trace = abd_failure()
    verdict = replace(
        broken("never back", text, examined=1, because=(text,), culprits=("o3",)),
        edges=(Edge(text, "o1", text, said(text)), Edge("o1", text, text, said(text))),
    )
    html = view_html(trace, (verdict,), shown=PageContext(title=text, replay_command=text))
    assert len(html) < 300_000
    page = tab.open(html)
    for key in ("t", "Escape", "e", "Escape", "d", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert "\u202e" not in page.content()
    assert tab.errors == []


def test_hostile_values_inside_the_run_are_text(tab: Tab) -> None:
    page = tab.open(view_html(played_with(HOSTILE), (abd_verdict(),)))
    assert page.evaluate("window.hacked") is None
    assert "</script>" in page.locator("#s0").text_content()
    assert tab.errors == []


def played_with(text: str) -> Trace:
    """Return a run whose messages carry this text."""
    scenario = gossip(3, 1, (text,))
    return random_trace(scenario, 1)


def test_the_page_asks_for_nothing_and_runs_no_other_script(tab: Tab) -> None:
    page = tab.open(html_of(abd_failure()))
    assert [r for r in tab.requests if not r.startswith(("file:", "data:"))] == []
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
        " document.body.append(s) }"
    )
    assert page.evaluate("window.hacked") is None
    refused = page.evaluate(
        "() => fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    )
    assert refused == "refused"


def test_a_damaged_page_says_so(tab: Tab) -> None:
    html = view_html(abd_failure(), (abd_verdict(),))
    before, _, rest = html.partition('id="trace">')
    page = tab.open(f'{before}id="trace">AAAA{rest[4:]}')
    assert "damaged" in page.locator(".error").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_keeps_its_contrast(tab: Tab, scheme: str) -> None:
    """Dimmed and marked text has at least 4.5:1 against the page, in both schemes."""
    page = tab.open(html_of(abd_failure()), scheme=scheme)
    ratios = page.evaluate(CONTRAST)
    assert set(ratios) == {"ink", "muted", "bad", "value", "ok", "fault"}
    assert min(ratios.values()) >= 4.5, ratios


CONTRAST = """() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const hex = style.getPropertyValue(`--${name}`).trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return Object.fromEntries(['ink', 'muted', 'bad', 'value', 'ok', 'fault']
    .map((name) => [name, ratio(light(name), light('page'))]));
}"""


def test_ten_thousand_events_stay_within_their_size(tab: Tab) -> None:
    trace = played(6, 5_000)
    html = view_html(trace, judge(trace))
    assert len(trace.events) > 10_000
    assert len(html.encode()) < 300_000
    page = tab.open(html)
    assert page.locator(".row.fold").count() >= 1
    page.keyboard.press("u")
    page.keyboard.press("End")
    assert selected(page) == 4_999
    assert page.locator(".row").count() < 100
    assert page.locator("svg path.message").count() < 700
    assert tab.errors == []


def test_the_page_of_data_is_the_page_of_the_trace() -> None:
    trace = abd_failure()
    data = view_data(trace, (abd_verdict(),), None, None, PageContext())
    assert page_of(data) == view_html(trace, (abd_verdict(),))
