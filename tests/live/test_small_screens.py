"""The viewer where there is little room: at 200 % zoom, on a phone, in a window beside an editor."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

import pytest

from counterpoint.harness.analysis.analyses import analyse
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.search.replay import judge
from tests.live.conftest import Tab
from tests.support.runs import abd_as_found

pytestmark = pytest.mark.browser

STEPS_MIN = 8

MEASURED = """() => {
  const box = document.querySelector(".scroll");
  box.scrollIntoView({ block: "nearest" });
  const { top, bottom } = box.getBoundingClientRect();
  const from = Math.max(0, top) - 1, to = Math.min(innerHeight, bottom) + 1;
  const rows = [...document.querySelectorAll(".row")].map((row) => row.getBoundingClientRect());
  const steps = rows.filter((row) => row.top >= from && row.bottom <= to).length;
  return { steps, page: document.documentElement.scrollWidth, screen: innerWidth };
}"""

LABELS = """() => [...document.querySelectorAll(".passing-label")].map((label) => {
  const { left, right, top, bottom } = label.getBoundingClientRect();
  return [left, right, top, bottom];
}).filter(([left, right]) => right > left)"""


@cache
def page_with_a_passing_run() -> str:
    """A long counterexample, compared with the nearest run that passes."""
    trace = abd_as_found()
    verdicts = judge(trace)
    found = analyse(trace, next(v for v in verdicts if v.is_broken), seconds=1_000, samples_max=10)
    assert found.nearest is not None
    return view_html(trace, verdicts, found, other=found.nearest.trace)


def on_screen(tab: Tab, width: int, height: int) -> Any:
    page = tab.open(page_with_a_passing_run())
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(f"() => innerWidth === {width}")
    return page


def measured(page: Any) -> Any:
    """Measure when there are as many steps as there should be, or when there is no more hope."""
    with contextlib.suppress(playwright_error()):
        page.wait_for_function(f"() => ({MEASURED})().steps >= {STEPS_MIN}", timeout=5_000)
    return page.evaluate(MEASURED)


def playwright_error() -> type[Exception]:
    found: type[Exception] = pytest.importorskip("playwright.sync_api").Error
    return found


SCREENS = [(720, 450), (640, 360), (800, 400), (400, 800), (400, 360), (1000, 700), (1440, 900)]


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_steps_can_be_seen_on_every_screen(tab: Tab, width: int, height: int) -> None:
    page = on_screen(tab, width, height)
    for _ in ("as it opens", "with what stands around the steps, or without"):
        boxes = measured(page)
        assert boxes["steps"] >= STEPS_MIN, boxes
        assert boxes["page"] <= boxes["screen"], boxes
        page.keyboard.press("h")
    assert tab.errors == []


@pytest.mark.parametrize(("width", "height"), [(720, 450), (640, 360), (800, 400)])
def test_a_little_screen_has_its_steps_at_once(tab: Tab, width: int, height: int) -> None:
    """Nothing has to be scrolled to, and what is hidden comes by a key or a button."""
    page = on_screen(tab, width, height)
    assert measured(page)["steps"] >= STEPS_MIN
    assert page.evaluate("scrollY") == 0
    assert page.locator(".verdict h1").is_visible()
    assert not page.locator(".strip").is_visible()
    page.get_by_role("button", name="why").click()
    assert page.locator(".strip").is_visible()


@pytest.mark.parametrize(("width", "height"), [(400, 800), (1000, 700), (1440, 900)])
def test_labels_of_the_passing_run_do_not_overprint_each_other(
    tab: Tab, width: int, height: int
) -> None:
    page = on_screen(tab, width, height)
    boxes = page.evaluate(LABELS)
    assert len(boxes) >= 3
    for number, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            is_apart = right <= other[0] + 1 or other[1] <= left + 1
            assert is_apart or bottom <= other[2] + 3 or other[3] <= top + 3, (boxes[number], other)
