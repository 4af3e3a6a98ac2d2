"""The viewer: one trace as one HTML file that needs no network, no server and no installation.

The page is our HTML, style and script as they are, the upstream modules unmodified, as an import map
of data: addresses, and the trace, compressed. Under its content security policy no other script can
run and nothing can be loaded; the script puts text from the trace into text nodes alone.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from counterpoint.harness.analysis.analyses import Analyses
from counterpoint.harness.viewer.data import Data, Shown, view_data
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
    shown: Shown | None = None,
) -> str:
    """Return the page of a trace; `other` is a second run to compare it with.

    Raises:
        DamagedViewer: an upstream file does not have its published digest.
    """
    return page(view_data(trace, verdicts, analyses, other, shown or Shown()))


def page(data: Data) -> str:
    """Return the page that shows these data."""
    folder = files("counterpoint.harness") / "viewer"
    style = _text(folder / "viewer.css")
    script = _text(folder / "viewer.js")
    imports = json.dumps({"imports": _imports(folder / "upstream")})
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of(imports)} {_hash_of(script)} data:",
            f"style-src {_hash_of(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return _filled(
        _text(folder / "index.html"),
        {
            "POLICY": policy,
            "TITLE": _escaped(str(data["title"])),
            "HEADLINE": _escaped(_headline(data)),
            "STYLE": style,
            "IMPORTS": imports,
            "TRACE": _packed(data),
            "SCRIPT": script,
        },
    )


def _filled(template: str, parts: dict[str, str]) -> str:
    """Put each part in its place, once, so that no part is searched for the names of others."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled.append(parts[name] + rest)
    return "".join(filled)


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _imports(folder: Traversable) -> dict[str, str]:
    """Return the upstream modules as data: addresses, each checked against its published digest."""
    found: dict[str, str] = {}
    for source in json.loads(_text(folder / "sources.json")):
        content = (folder / source["file"]).read_bytes()
        if sha256(content).hexdigest() != source["sha256"]:
            raise DamagedViewer(
                f"{source['file']} is not {source['path']} of {source['package']} "
                f"{source['version']}: install counterpoint again"
            )
        found[source["specifier"]] = f"data:text/javascript;base64,{b64encode(content).decode()}"
    return found


def _packed(data: Data) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode()


def _headline(data: Data) -> str:
    """Return the sentence that stands on the page while the rest is unpacked."""
    verdict = data["verdict"]
    assert isinstance(verdict, dict), verdict
    return f"{verdict['property']}: {verdict['summary']}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
