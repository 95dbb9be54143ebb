"""The folder that the local stack remembers in: ours alone, used by one stack at a time."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from infra.local.errors import LocalStackError

_MARKER = ".bodhi-local-state"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder if need be and keep every other stack out of it meanwhile."""
    _adopt(folder)
    with (folder / _MARKER).open("a", encoding="utf-8") as marker:
        _lock(folder, marker.fileno())
        for name in ("aws", "logs", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        yield


def remove(folder: Path) -> bool:
    """Remove the folder; False if there is none."""
    if not folder.exists():
        return False
    if not (folder / _MARKER).is_file():
        raise LocalStackError(f"STATE_DIR={folder} was not made by `make run`: not touched")
    with (folder / _MARKER).open("a", encoding="utf-8") as marker:
        _lock(folder, marker.fileno())
        shutil.rmtree(folder)
    return True


def _adopt(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker = folder / _MARKER
        if not marker.exists() and any(folder.iterdir()):
            raise LocalStackError(f"STATE_DIR={folder} holds something else: name a new or empty folder")
        marker.touch()
    except OSError as error:
        raise LocalStackError(f"STATE_DIR={folder} cannot be used: {error.strerror}") from error


def _lock(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LocalStackError(
            f"STATE_DIR={folder} is in use by a running stack: stop that one first"
        ) from error
