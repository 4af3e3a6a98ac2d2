"""The viewer: one trace as one HTML file that needs no network, no server and no installation.

The page is our HTML, style and script as they are, the upstream modules unmodified, as an import map
of data: addresses, and the trace, compressed. Under its content security policy no other script can
run and nothing can be loaded; the script puts text from the trace into text nodes alone.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from counterpoint.harness.analysis.analyses import Analyses
from counterpoint.harness.viewer.assembly import escaped, filled, hash_of, packed, text
from counterpoint.harness.viewer.data import Data, PageContext, view_data
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict


class DamagedViewer(Exception):
    """A file of the viewer is not the one that was published. Says which."""


def view_html(
    trace: Trace,
    verdicts: Sequence[Verdict],
    analyses: Analyses | None = None,
    *,
    other: Trace | None = None,
    shown: PageContext | None = None,
) -> str:
    """Return the page of a trace; `other` is a second run to compare it with.

    Raises:
        DamagedViewer: an upstream file does not have its published digest.
    """
    return page(view_data(trace, verdicts, analyses, other, shown or PageContext()))


def page(data: Data) -> str:
    """Return the page that shows these data."""
    folder = files("counterpoint.harness") / "viewer"
    style = text(folder / "viewer.css")
    script = text(folder / "viewer.js")
    imports = json.dumps({"imports": _imports(folder / "upstream")})
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {hash_of(imports)} {hash_of(script)} data:",
            f"style-src {hash_of(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return filled(
        text(folder / "index.html"),
        {
            "POLICY": policy,
            "TITLE": escaped(str(data["title"])),
            "HEADLINE": escaped(_headline(data)),
            "STYLE": style,
            "IMPORTS": imports,
            "TRACE": packed(data),
            "SCRIPT": script,
        },
    )


def _imports(folder: Traversable) -> dict[str, str]:
    """Return the upstream modules as data: addresses, each checked against its published digest."""
    found: dict[str, str] = {}
    for source in json.loads(text(folder / "sources.json")):
        content = (folder / source["file"]).read_bytes()
        if sha256(content).hexdigest() != source["sha256"]:
            raise DamagedViewer(
                f"{source['file']} is not {source['path']} of {source['package']} "
                f"{source['version']}: install counterpoint again"
            )
        found[source["specifier"]] = f"data:text/javascript;base64,{b64encode(content).decode()}"
    return found


def _headline(data: Data) -> str:
    """Return the sentence that stands on the page while the rest is unpacked."""
    verdict = data["verdict"]
    assert isinstance(verdict, dict), verdict
    return f"{verdict['property']}: {verdict['summary']}"
