"""The page of a history in a real browser: it draws, it zooms, and it can be used by keys alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from counterpoint.checkers.readers import read_cases
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.harness.timeline.data import timeline_data
from counterpoint.harness.timeline.page import timeline_html
from counterpoint.harness.timeline.prefix import legal_until
from tests.live.conftest import Tab
from tests.report.test_timeline import STALE, many

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def page_of(text: str) -> str:
    (case,) = read_cases(text, source="made.edn")
    until = legal_until(case, Wanted(), seconds=5)
    return timeline_html(timeline_data(check_case(case), legal_until=until))


def view_of(page: Any) -> tuple[float, float]:
    begin, end = page.evaluate("document.documentElement.dataset.view").split()
    return float(begin), float(end)


def inked(page: Any) -> int:
    """Count the pixels of the picture that something was drawn on."""
    count: int = page.evaluate(
        "() => { const c = document.getElementById('lanes');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"
    )
    return count


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_violation_is_drawn_and_told(tab: Tab, scheme: str) -> None:
    page = tab.open(page_of(STALE), scheme=scheme)
    assert page.inner_text("#outcome") == "broken"
    assert "p2 read 1" in page.inner_text("#summary")
    assert "in the core" in page.inner_text("#one")
    assert inked(page) > 5_000
    assert not tab.errors
    assert all(request.startswith(("file:", "data:", "blob:")) for request in tab.requests)


def test_keys_go_to_the_violation_and_back(tab: Tab) -> None:
    text = many(600) + "\n" + re.sub(r":value (\d)", r":value 70\1", STALE)
    page = tab.open(page_of(text))
    near = view_of(page)
    page.keyboard.press("w")
    whole = view_of(page)
    assert whole[1] - whole[0] > 5 * (near[1] - near[0])
    page.keyboard.press("v")
    assert view_of(page) == near
    page.keyboard.press("+")
    closer = view_of(page)
    assert closer[1] - closer[0] < near[1] - near[0]
    page.keyboard.press("k")
    assert page.inner_text("#one")
    assert not tab.errors


def test_a_call_is_named_by_a_click(tab: Tab) -> None:
    page = tab.open(page_of(STALE))
    page.keyboard.press("Escape")
    box = page.locator("#lanes").bounding_box()
    page.mouse.click(box["x"] + 84 + 8, box["y"] + 34 + 12)
    assert "o1 of p0: write 1" in page.inner_text("#one")


@pytest.mark.parametrize(("width", "height"), [(400, 800), (720, 450)])
def test_nothing_is_wider_than_a_small_screen(tab: Tab, width: int, height: int) -> None:
    page = tab.open(page_of(STALE))
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#frame").bounding_box()["height"] >= 200
