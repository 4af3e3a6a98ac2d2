"""Make the pictures of the viewer that the documentation shows: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

from counterpoint.checkers.readers import read_cases
from counterpoint.harness.analysis.analyses import analyse
from counterpoint.harness.catalog import rebuild
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.harness.timeline.data import timeline_data
from counterpoint.harness.timeline.page import timeline_html
from counterpoint.harness.timeline.prefix import legal_until
from counterpoint.harness.viewer.data import PageContext
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
    return view_html(trace, verdicts, found, shown=PageContext(title=trace.scenario.name))


def history_page() -> str:
    """Return the page of a register whose stale read comes while a partition lasts."""
    (case,) = read_cases(stale_history(), source="history.edn")
    until = legal_until(case, Wanted(), seconds=10)
    return timeline_html(timeline_data(check_case(case), legal_until=until))


def stale_history() -> str:
    """Write calls of five clients on a register, one of which reads what was replaced long ago."""
    random, lines, pending, value, number = Random(4), list[str](), dict[int, str](), 0, 0
    while number < 90 or pending:
        if len(lines) in (30, 90):
            lines.append("{:process :nemesis, :type :info, :f :start-partition}")
        if len(lines) in (55, 130):
            lines.append("{:process :nemesis, :type :info, :f :stop-partition}")
        client = random.randrange(5)
        call = pending.pop(client, None)
        if call is not None:
            lines.append(f"{{:process {client}, :type :ok, {call}}}")
        elif number < 90:
            number += 1
            value += random.random() < 0.4
            f = "write" if f":write, :value {value}}}" not in "".join(lines) else "read"
            told = value - 4 if number == 62 else value
            pending[client] = f":f :{f}, :value {told if value else 'nil'}"
            asked = pending[client] if f == "write" else ":f :read, :value nil"
            lines.append(f"{{:process {client}, :type :invoke, {asked}}}")
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Write the pictures of the viewer and of a history into a folder."""
    from playwright.sync_api import sync_playwright

    register = failing_trace(rebuild({"system": "register", "mutant": "B1"}))
    short, long = page_of(register), page_of(played(6, 5_000))
    pictures = {
        "viewer-light.png": (short, "light", ""),
        "viewer-dark.png": (short, "dark", ""),
        "viewer-10000.png": (long, "light", "#step=4000&lens=past"),
        "history.png": (history_page(), "light", ""),
    }
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, (html, scheme, link) in pictures.items():
            file = Path(place) / "page.html"
            file.write_text(html, encoding="utf-8")
            size = {"width": 1600, "height": 640 if name == "history.png" else 1000}
            page = browser.new_page(viewport=size, color_scheme=scheme)
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
