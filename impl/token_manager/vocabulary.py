"""The words of the token manager, in the order that numbers them on the wire. Append; never reorder."""

from __future__ import annotations

from counterpoint.impl.token_manager import messages as tokens
from counterpoint.impl.token_manager import states as token_states
from counterpoint.impl.token_manager import words as token_words

TOKEN_MANAGER: tuple[type, ...] = (
    token_words.Holding,
    token_words.Configuration,
    token_words.GetTokens,
    token_words.Pay,
    token_words.Transform,
    token_words.Finish,
    token_words.TokenStatus,
    token_words.Rejected,
    token_words.Pays,
    token_words.Begins,
    token_words.Keeps,
    token_words.Reloads,
    tokens.Ask,
    tokens.Told,
    tokens.Store,
    tokens.Stored,
    tokens.Impose,
    tokens.Holds,
    tokens.Stale,
    tokens.Where,
    tokens.Wish,
    tokens.Refused,
    tokens.Seal,
    tokens.Closed,
    tokens.Install,
    tokens.Installed,
    tokens.Announce,
    token_states.Memory,
    token_states.Kept,
    token_states.Serving,
    token_states.Sealed,
    token_states.Watching,
    token_states.Sealing,
    token_states.Installing,
)
"""Calls, notes and messages of the token manager, and what its nodes persist or are."""
