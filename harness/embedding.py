"""Files that a scenario is made of: read where somebody types their path, then part of its traces.

A trace comes from anywhere, so it may not name a file for the tool to open: it holds the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2s
from pathlib import Path

from counterpoint.model.inert import quoted

FILE, DIGEST = "file.", "digest."
"""Before the name of a setting, in an origin: the text of its file, and a digest of that."""

TEXT_BYTES_MAX = 1_000_000
"""No file of a setting is longer."""


def embedded(paths: Mapping[str, str], texts: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what an origin holds of these settings: the text of each file, and its digest.

    The files are read, unless `texts` has what stands in them.

    Raises:
        ValueError: a file cannot be read or is too long, or `texts` does not have it.
    """
    origin: dict[str, str] = {}
    for key, path in paths.items():
        text = _text_of(key, path) if texts is None else _text_in(key, path, texts)
        origin |= {FILE + key: text, DIGEST + key: digest(text)}
    return origin


def texts_in(origin: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that an origin holds, by setting.

    Raises:
        ValueError: one of them is not the one that the digest is of.
    """
    texts = {key.removeprefix(FILE): t for key, t in origin.items() if key.startswith(FILE)}
    for key, text in texts.items():
        said = origin.get(DIGEST + key, "")
        if said != digest(text):
            raise ValueError(
                f"the trace holds a text for its setting {quoted(key)} with digest {digest(text)} "
                f"and says {quoted(said)}; one of them was changed"
            )
    return texts


def named(origin: Mapping[str, str]) -> dict[str, str]:
    """Return an origin as results show it: without the texts of files, which have a digest."""
    return {key: value for key, value in origin.items() if not key.startswith(FILE)}


def digest(text: str) -> str:
    """Return the digest of a text that is part of a trace."""
    return blake2s(text.encode(), digest_size=16).hexdigest()


def _text_of(key: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(TEXT_BYTES_MAX + 1)
        text = content.decode()
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ValueError(f"setting {key}: {quoted(path)} cannot be read: {what}") from None
    if len(content) > TEXT_BYTES_MAX:
        raise ValueError(f"setting {key}: {quoted(path)} has more than {TEXT_BYTES_MAX} bytes")
    return text


def _text_in(key: str, path: str, texts: Mapping[str, str]) -> str:
    if key not in texts:
        raise ValueError(
            f"the trace names a file, {quoted(path)}, as its setting {key}, and does not hold what "
            "stands in it; a trace can open no file. If you have it: "
            f"counterpoint upgrade FILE --set {key}=PATH"
        )
    return texts[key]
