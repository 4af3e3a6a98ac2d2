"""Searching with several processes, and for as long as one likes: what was found is kept in a store."""
