"""Mermaid itself reads the diagrams. COUNTERPOINT_MERMAID names its mermaid.min.js (from npm)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from counterpoint.harness.exports.formats import EXPORTS
from counterpoint.model.search.replay import judge
from tests.report.test_export import TRACES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mermaid(browser: Any) -> Any:
    """Return a page in which Mermaid is loaded."""
    path = os.environ.get("COUNTERPOINT_MERMAID")
    if not path or not Path(path).exists():
        pytest.skip("COUNTERPOINT_MERMAID does not name a mermaid.min.js (npm pack mermaid)")
    page = browser.new_page()
    page.add_script_tag(path=path)
    return page


@pytest.mark.parametrize("name", TRACES)
def test_mermaid_parses_and_draws_every_diagram(mermaid: Any, name: str) -> None:
    trace = TRACES[name]()
    text = EXPORTS["mermaid"].write(trace, judge(trace))
    drawn = mermaid.evaluate(
        "async text => { await mermaid.parse(text); return (await mermaid.render('x', text)).svg }",
        text,
    )
    arrows = sum(event.kind in ("deliver", "lose") for event in trace.events)
    assert drawn.count('class="messageText"') == arrows
