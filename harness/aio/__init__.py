"""Asyncio programs as nodes: their loop, their connections, what they may touch, and real runs."""
