"""The viewer for everybody: the rules of axe-core, and no meaning that colour carries alone.

COUNTERPOINT_AXE names the axe.min.js of axe-core, which `make browser-test` gets from npm.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import Tab
from tests.live.test_viewer import html_of
from tests.support.runs import abd_as_found, abd_failure, abd_faults

pytestmark = pytest.mark.browser

TRACES = {"abd": abd_failure, "abd-as-found": abd_as_found, "abd-faults": abd_faults}

RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(
  (rule) => `${rule.id}: ${rule.help} - ${rule.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`
)"""


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the source of axe-core."""
    path = os.environ.get("COUNTERPOINT_AXE")
    if not path or not Path(path).exists():
        pytest.skip("COUNTERPOINT_AXE does not name an axe.min.js (npm pack axe-core)")
    return Path(path).read_text(encoding="utf-8")


def complaints(page: Any, axe: str) -> list[str]:
    """Return what axe-core has to say against a page as it is."""
    page.evaluate(axe)
    found: list[str] = page.evaluate(RUN)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TRACES)
def test_axe_finds_no_barrier(tab: Tab, axe: str, name: str, scheme: str) -> None:
    page = tab.open(html_of(TRACES[name]()), scheme=scheme)
    assert complaints(page, axe) == []


@pytest.mark.parametrize("keys", [["?"], ["t"], ["1"], ["3"], ["p"], ["d"], ["F", "d", "2"]])
def test_axe_finds_no_barrier_after_keys(tab: Tab, axe: str, keys: list[str]) -> None:
    page = tab.open(html_of(abd_as_found()))
    for key in keys:
        page.keyboard.press(key)
    assert complaints(page, axe) == []


def test_axe_would_find_a_barrier(tab: Tab, axe: str) -> None:
    """The check can fail: a button without a name is found."""
    page = tab.open(html_of(abd_failure()))
    page.evaluate("document.body.append(document.createElement('button'))")
    assert any(line.startswith("button-name") for line in complaints(page, axe))


DASHES = """() => Object.fromEntries(['', 'lost', 'late', 'flying'].map((kind) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('class', `message ${kind}`);
  svg.append(path);
  document.body.append(svg);
  const dash = getComputedStyle(path).strokeDasharray;
  svg.remove();
  return [kind, dash];
}))"""


def test_fates_differ_without_colour(tab: Tab) -> None:
    """A message that is lost, late, in flight or delivered has a dash of its own."""
    page = tab.open(html_of(abd_faults()))
    dashes = page.evaluate(DASHES)
    assert len(set(dashes.values())) == 4, dashes


GREYS = """() => [...document.querySelectorAll('.row .said, .verdict *, aside *, header *')]
  .filter((e) => e.textContent.trim() && !e.disabled && e.getClientRects().length)
  .map((e) => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    let page = e, back = [0, 0, 0, 0];
    while (page && (back[3] ?? 1) === 0) {
      back = rgb(getComputedStyle(page).backgroundColor);
      page = page.parentElement;
    }
    const grey = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b;
    return Math.abs(grey(rgb(getComputedStyle(e).color)) - grey(back));
  })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_greyscale(tab: Tab, scheme: str) -> None:
    """On a printer or a screen without colour all text is at least 70 of 255 greys off its page."""
    page = tab.open(html_of(abd_faults()), scheme=scheme)
    greys = page.evaluate(GREYS)
    assert len(greys) > 50
    assert min(greys) >= 70, sorted(greys)[:5]
