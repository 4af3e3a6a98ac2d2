"""Mutants of good files: what a disk, an editor, a truncated copy or a mischief maker makes of them."""

from __future__ import annotations

from random import Random
from typing import Any

NOTATIONS = r"""
[ ] { } ( ) #{ # #_ ## ##NaN #"x" " ' \ ; , : / // - -- == := ? NaN Infinity 1e999 -1 0 1 00 1.5
999999999999999999999999999999 null nil true false r w r( :invoke :ok :info :fail :nemesis
:process :type :f :value :index ok invoke info fail client type f value key time called returned
status jepsen.util #jepsen.history.Op [1 [:append [[:r [:w {:process {"client": \u0000 \ud800
"""
WORDS = (*NOTATIONS.split(), " ", "\n", "\t", "\0", "\r", "ü", "\ud83d", "﻿", "\x1b[2J", "‮")


def mutant(whole: str | bytes, random: Random, foreign: str | bytes = "") -> str | bytes:
    """Change a file in one to four places: cut out, doubled, moved, replaced, spliced with another."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        whole = _changed(whole, random, foreign)
    return whole


def _changed(whole: Any, random: Random, foreign: Any) -> Any:
    start = random.randrange(len(whole) + 1)
    end = min(len(whole), start + random.choice((0, 1, 1, 2, 5, 20, 200)))
    piece = whole[start:end]
    match random.randrange(7):
        case 0:
            middle = piece[:0]
        case 1:
            middle = piece + piece
        case 2:
            middle = piece[::-1]
        case 3 if isinstance(whole, bytes):
            middle = bytes(random.randrange(256) for _ in range(random.randrange(1, 9)))
        case 4 if type(foreign) is type(whole) and foreign:
            other = random.randrange(len(foreign))
            middle = foreign[other : other + random.randrange(40)]
        case 5:
            return whole[:start]
        case _ if isinstance(whole, bytes):
            middle = piece[:-1] + bytes([random.randrange(256)])
        case _:
            middle = "".join(random.choices(WORDS, k=random.randrange(1, 4)))
    return whole[:start] + middle + whole[end:]
