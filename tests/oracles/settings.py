"""Settings of the oracle models, as `--set key=value` gives them: texts, checked with a clear error."""

from __future__ import annotations

from typing import TypeVar

Text = TypeVar("Text", bound=str)


def whole(name: str, text: str, *, at_least: int = 0) -> int:
    """Return the whole number that a setting says.

    >>> whole("servers", "3", at_least=1)
    3
    >>> whole("servers", "0", at_least=1)
    Traceback (most recent call last):
    ValueError: servers='0': this must be a whole number, 1 or more
    """
    if not text.isascii() or not text.isdigit() or int(text) < at_least:
        raise ValueError(f"{name}={text!r}: this must be a whole number, {at_least} or more")
    return int(text)


def one_of(name: str, text: Text, *options: str) -> Text:
    """Return a setting that must be one of a few words.

    >>> one_of("busy", "sleep", "ignore", "keep")
    Traceback (most recent call last):
    ValueError: busy='sleep': this must be one of ignore, keep
    """
    if text not in options:
        raise ValueError(f"{name}={text!r}: this must be one of {', '.join(options)}")
    return text
