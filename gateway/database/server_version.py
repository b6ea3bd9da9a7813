"""Which servers are safe to use."""

from __future__ import annotations

_OLDEST_MINOR = {15: 9, 16: 5, 17: 1}
_OLDEST_MAJOR = min(_OLDEST_MINOR)


def refuse_server_version(version_num: int) -> str | None:
    """Why a server of this `server_version_num` must not be used, or None if it may.

    Older minors apply the row security of another role when a prepared statement is reused after a role change
    (CVE-2024-10976); that is how every request runs here.
    """
    major, minor = divmod(version_num, 10000)
    if major < _OLDEST_MAJOR:
        oldest = f"{_OLDEST_MAJOR}.{_OLDEST_MINOR[_OLDEST_MAJOR]}"
        return f"PostgreSQL {major}.{minor} is too old: {oldest} or later is needed."
    oldest_minor = _OLDEST_MINOR.get(major, 0)
    if minor < oldest_minor:
        return (
            f"PostgreSQL {major}.{minor} can apply one role's row security to another role's query (CVE-2024-10976): "
            f"{major}.{oldest_minor} or later is needed."
        )
    return None
