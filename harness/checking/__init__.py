"""Recorded histories checked: what can be asked of them, and how the answers look."""

from counterpoint.harness.checking.files import check_files

__all__ = ["check_files"]
