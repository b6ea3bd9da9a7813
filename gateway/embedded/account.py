"""Which operating system account runs the embedded servers, and where that account can reach its files.

PostgreSQL refuses to run as root, so under root the servers run as an account that exists already. Such an account
cannot look into private directories (`/root`, a temporary directory): then the files live under `SHARED_ROOT`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.errors import EmbeddedServerError

SHARED_ROOT = Path("/var/lib/passerelle")
"""Where root keeps what an unprivileged server must reach when the wanted place is closed to it."""

_MAX_SOCKET_PATH = 107
_SHORT = Path("/tmp")  # noqa: S108 - the directories made there are private and checked
_SHORT_PREFIX = "passerelle-sockets-"
_CANDIDATES = ("nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and primary group that run a server; `switched` is true when it is not the current user."""

    uid: int
    gid: int

    @property
    def switched(self) -> bool:
        return self.uid != os.geteuid()

    def may_pass(self, directory: Path) -> bool:
        """Whether the account can traverse `directory` and every directory above it."""
        return all(self._may_enter(parent.stat()) for parent in (directory, *directory.parents))

    def may_read(self, file: Path) -> bool:
        """Whether the account can reach and read `file`."""
        return self.may_pass(file.parent) and self._has(file.stat(), stat.S_IROTH)

    def _may_enter(self, found: os.stat_result) -> bool:
        return self._has(found, stat.S_IXOTH)

    def _has(self, found: os.stat_result, bit: int) -> bool:
        if not self.switched:
            return True
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return bool(found.st_mode & (bit << shift))


def server_account(directory: Path) -> Account:
    """The account that runs servers whose data is in `directory`.

    The current user; under root the owner of an existing `directory`, or an existing unprivileged account. Accounts
    are never created.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if directory.is_dir() and (owner := directory.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and this system has none of the accounts "
        f"{', '.join(_CANDIDATES)}. Run as another user, or set PASSERELLE_DATABASE_URL to a server of your own."
    )


def open_directory(wanted: Path) -> tuple[Path, Account]:
    """Create `wanted` for the account that will run a server in it; return its real path and that account.

    When the account cannot pass the directories above, `wanted` becomes a symbolic link into `SHARED_ROOT`.
    """
    wanted = Path(os.path.abspath(wanted))
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if wanted.is_symlink() and not wanted.exists():
        wanted.unlink()
    account = server_account(wanted)
    real = wanted.resolve()
    if not real.exists() and not account.may_pass(real.parent):
        _make_shared_root()
        real = Path(tempfile.mkdtemp(prefix=f"{wanted.name}-", dir=SHARED_ROOT))
        wanted.symlink_to(real)
    real.mkdir(exist_ok=True)
    if not account.may_pass(real.parent):
        raise EmbeddedServerError(
            f"The server runs as user {account.uid} and cannot enter {real.parent}. "
            "Move the project, or open the directory with chmod a+x."
        )
    own(real, account, mode=0o700)
    return real, account


def remove_directory(wanted: Path) -> None:
    """Delete what `open_directory` made, including the place a symbolic link leads to, and its sockets' directory."""
    for sockets in _SHORT.glob(f"{_SHORT_PREFIX}*-{_digest(str(wanted.resolve()))}"):
        drop_socket_directory(sockets)
    if wanted.is_symlink():
        target = wanted.resolve()
        wanted.unlink()
        if target.parent == SHARED_ROOT:
            shutil.rmtree(target, ignore_errors=True)
    elif wanted.exists():
        shutil.rmtree(wanted)


def own(path: Path, account: Account, *, mode: int | None = None) -> None:
    """Give `path` to the account."""
    found = path.stat()
    if account.switched and (found.st_uid, found.st_gid) != (account.uid, account.gid):
        os.chown(path, account.uid, account.gid)
    elif found.st_uid != account.uid:
        raise EmbeddedServerError(
            f"{path} belongs to user {found.st_uid}, not to you. Run as that user, or remove it "
            "(it was probably made by root)."
        )
    if mode is not None and stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)


def write_private(file: Path, text: str, account: Account) -> None:
    """Replace `file` by one with `text` that only the account (and root) can read."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
    own(file, account)


def reachable_copy(source: Path, account: Account, probe: Path, copy: Callable[[Path], None]) -> Path:
    """`source` if the account can read `probe` in it, else a copy in `SHARED_ROOT`, made once by `copy(target)`.

    A copy is named after the path, size and time of `probe`, so an upgraded package gets a new one.
    """
    if account.may_read(probe):
        return source
    found = probe.stat()
    target = SHARED_ROOT / f"{source.name}-{_digest(f'{probe}:{found.st_size}:{found.st_mtime_ns}')}"
    if not target.exists():
        _make_shared_root()
        staging = Path(tempfile.mkdtemp(dir=SHARED_ROOT))
        copy(staging)
        for path in (staging, *staging.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            staging.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(staging)
    return target


def socket_directory(home: Path, account: Account, socket_name: str) -> Path:
    """A private directory whose sockets stay under the kernel's limit of 107 bytes; `home` if it is short enough."""
    if len(os.fsencode(home / socket_name)) <= _MAX_SOCKET_PATH:
        return home
    short = _SHORT / f"{_SHORT_PREFIX}{account.uid}-{_digest(str(home))}"
    try:
        short.mkdir(mode=0o700)
        own(short, account)
    except FileExistsError:
        found = short.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise EmbeddedServerError(f"{short} exists and is not a private directory; remove it.") from None
    return short


def drop_socket_directory(directory: Path) -> None:
    """Remove a directory that `socket_directory` made outside of the server's home."""
    if directory.parent == _SHORT and directory.name.startswith(_SHORT_PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def _make_shared_root() -> None:
    SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    SHARED_ROOT.chmod(0o755)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]
