"""Make the pictures of the viewer that the documentation shows: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from counterpoint.harness.analysis.analyses import analyse
from counterpoint.harness.catalog import rebuild
from counterpoint.harness.viewer.data import Shown
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.search.replay import judge
from counterpoint.model.trace import Trace
from tests.live.conftest import FLAGS, chromium
from tests.report.test_report import played
from tests.support.runs import failing_trace


def page_of(trace: Trace) -> str:
    """Return the page of a failing trace, analysed where that does not take long."""
    verdicts = judge(trace)
    verdict = next(v for v in verdicts if v.is_broken)
    found = analyse(trace, verdict) if len(trace.choices) < 200 else None
    return view_html(trace, verdicts, found, shown=Shown(title=trace.scenario.name))


def main(folder: Path) -> None:
    """Write viewer-light.png, viewer-dark.png and viewer-10000.png into a folder."""
    from playwright.sync_api import sync_playwright

    register = failing_trace(rebuild({"system": "register", "mutant": "B1"}))
    short, long = page_of(register), page_of(played(6, 5_000))
    pictures = {
        "viewer-light.png": (short, "light", ""),
        "viewer-dark.png": (short, "dark", ""),
        "viewer-10000.png": (long, "light", "#step=4000&lens=past"),
    }
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, (html, scheme, link) in pictures.items():
            file = Path(place) / "page.html"
            file.write_text(html, encoding="utf-8")
            page = browser.new_page(viewport={"width": 1600, "height": 1000}, color_scheme=scheme)
            page.goto(f"{file.as_uri()}{link}")
            page.wait_for_selector("html[data-ready=yes]")
            if link:
                page.keyboard.press("u")
                page.evaluate("step => { location.hash = `#step=${step}` }", 4_001)
            page.wait_for_timeout(300)
            page.screenshot(path=str(folder / name))
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/explanation"))
