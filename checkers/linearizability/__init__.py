"""Linearizability of any object: fast searches for a legal order, small reasons where is none."""
