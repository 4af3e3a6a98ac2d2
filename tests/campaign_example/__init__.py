"""A repository's own tests, as its CI runs them: pytest -n 2 --counterpoint-profile ci."""
