"""Objects as sequential specifications, and the plainest searches for a legal order."""
