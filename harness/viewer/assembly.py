"""How a page is put together that runs its own scripts alone: its parts, and what may run in it."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources.abc import Traversable


def filled(template: str, parts: dict[str, str]) -> str:
    """Put each part in its place, once, so that no part is searched for the names of others."""
    pieces = template.split("{{")
    whole = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        whole.append(parts[name] + rest)
    return "".join(whole)


def text(file: Traversable) -> str:
    """Return the text of a file of the package."""
    return file.read_text(encoding="utf-8")


def hash_of(content: str) -> str:
    """Return what a content security policy calls a script or a style."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def packed(data: Mapping[str, object]) -> str:
    """Return data in base64, compressed."""
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return b64encode(gzip.compress(content.encode("utf-8", "replace"), 9, mtime=0)).decode()


def escaped(content: str) -> str:
    """Return text as HTML shows it."""
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
