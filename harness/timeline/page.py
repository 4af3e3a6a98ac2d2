"""The page of a history: our own HTML, style and script, and the data, with nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from counterpoint.harness.viewer.assembly import escaped, filled, hash_of, packed, text


def timeline_html(data: Mapping[str, object]) -> str:
    """Return the page that shows these data: one file, no network, no other script can run in it."""
    folder = files("counterpoint.harness") / "timeline"
    style, script = text(folder / "timeline.css"), text(folder / "timeline.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {hash_of(script)}",
            f"style-src {hash_of(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return filled(
        text(folder / "timeline.html"),
        {
            "POLICY": policy,
            "TITLE": escaped(str(data["title"])),
            "HEADLINE": escaped(f"{data['property']}: {data['outcome']}. {data['summary']}"),
            "STYLE": style,
            "HISTORY": packed(data),
            "SCRIPT": script,
        },
    )
