"""Measure the viewer on long runs: `python -m tests.live.measure`. Figures, not tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

from counterpoint.harness.viewer.page import view_html
from counterpoint.model.search.replay import judge
from tests.live.conftest import FLAGS, chromium
from tests.report.test_report import played

REDRAW = """async () => {
  const box = document.querySelector('.scroll'), times = [];
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    box.scrollTop = (box.scrollHeight / 60) * i;
    box.dispatchEvent(new Event('scroll'));
    await new Promise((done) => setTimeout(done, 0));
    times.push(performance.now() - start);
    await new Promise((done) => requestAnimationFrame(done));
  }
  times.sort((a, b) => a - b);
  return [times[30], times[57]];
}"""


def main() -> None:
    """Print size, time to the first paint and time to redraw for 10,000 and 100,000 events."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for steps in (5_000, 50_000):
            trace = played(6, steps)
            html = view_html(trace, judge(trace))
            file = Path(place) / "page.html"
            file.write_text(html, encoding="utf-8")
            paints, opens = [], []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1600, "height": 1000})
                start = perf_counter()
                page.goto(file.as_uri())
                page.wait_for_selector("html[data-ready=yes]")
                opens.append(perf_counter() - start)
                page.wait_for_timeout(300)
                paints.append(page.evaluate("performance.getEntriesByType('paint')[0].startTime"))
                page.keyboard.press("u")
                middle, slow = page.evaluate(REDRAW)
                page.close()
            print(
                f"{len(trace.events)} events: {len(html.encode()) / 1000:.0f} kB, first paint "
                f"{sorted(paints)[2]:.0f} ms, open {sorted(opens)[2]:.2f} s, redraw {middle:.1f} ms "
                f"(95%: {slow:.1f} ms)"
            )
        browser.close()


if __name__ == "__main__":
    main()
