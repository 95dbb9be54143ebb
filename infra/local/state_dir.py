"""The folder for the state of the local stack. One stack uses it at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from infra.local.errors import LocalStackError

_MARKER = ".bodhi-local-state"
# The folder has private keys of the emulator, and the logs of all programs.
_FOLDER_MODE, _FILE_MODE, _UMASK = 0o700, 0o600, 0o077


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder if it is missing, and keep other stacks out of it meanwhile.

    Only its owner can read it, and the files that this process and its children write there. Raises
    LocalStackError.
    """
    _adopt(folder)
    with (folder / _MARKER).open("a", encoding="utf-8") as marker, _private_files():
        _lock(folder, marker.fileno())
        _close_to_others(folder)
        for name in ("aws", "logs", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        yield


def remove(folder: Path) -> bool:
    """Remove the folder. Return False if it is missing. Raises LocalStackError."""
    if not folder.exists():
        return False
    if not (folder / _MARKER).is_file():
        raise LocalStackError(f"STATE_DIR={folder} was not made by `make run`, so it is not removed.")
    with (folder / _MARKER).open("a", encoding="utf-8") as marker:
        _lock(folder, marker.fileno())
        shutil.rmtree(folder)
    return True


def _adopt(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        marker = folder / _MARKER
        if not marker.exists() and any(folder.iterdir()):
            raise LocalStackError(f"STATE_DIR={folder} has other files. Name a new or an empty folder.")
        marker.touch()
    except OSError as error:
        raise LocalStackError(
            f"STATE_DIR={folder} cannot be used: {error.strerror}. Set STATE_DIR to a folder of yours."
        ) from error


@contextlib.contextmanager
def _private_files() -> Iterator[None]:
    before = os.umask(_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def _close_to_others(folder: Path) -> None:
    """Make files private that an earlier version made readable for every user of the machine."""
    try:
        folder.chmod(_FOLDER_MODE)
        for path in folder.rglob("*"):
            mode = path.lstat().st_mode
            # The target of a link may be outside of the folder.
            if not stat.S_ISLNK(mode):
                path.chmod(_FOLDER_MODE if stat.S_ISDIR(mode) else _FILE_MODE)
    except OSError as error:
        raise LocalStackError(f"STATE_DIR={folder} cannot be made private: {error.strerror}") from error


def _lock(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LocalStackError(
            f"STATE_DIR={folder} is in use by a running stack. Stop that stack first."
        ) from error
