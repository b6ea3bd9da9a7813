"""Where the files that ship beside the code are: in the installed package, or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def schema_directory() -> Path:
    """The directory with the numbered SQL migrations (`gateway/`, `hublib/`)."""
    return _shipped("schema")


def policies_directory() -> Path:
    """The directory with the reference application's policy files (`hublib/`)."""
    return _shipped("policies")


def _shipped(name: str) -> Path:
    packaged = _PACKAGE / "_files" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
