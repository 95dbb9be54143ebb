"""The process that stops the programs of the local stack if the stack is killed.

The stack writes ``PID SECONDS`` for each session that it starts, and an empty line once all have ended. If
standard input ends without that line, the stack was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

from infra.local.environments import harmless
from infra.local.template import PROJECT_ROOT

_POLL_SECONDS = 0.1


class Guard:
    """The guard of a running stack, seen from the stack."""

    def __init__(self) -> None:
        """Start the guard in a session of its own, so that no signal for the stack reaches it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.guard"],
            env=harmless(os.environ),
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def watch(self, session: int, stop_seconds: float) -> None:
        """Stop this session too if the stack is killed."""
        assert self._process.stdin is not None
        # A guard that was killed must not end the stack.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{session} {stop_seconds}\n".encode())
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """End the guard, because every session has ended."""
        self._process.communicate(b"\n")


def stop_all(sessions: dict[int, float]) -> None:
    """Send SIGTERM to each session, wait as long as it may take, and kill the rest."""
    for session in sessions:
        _signal(session, signal.SIGTERM)
    started = time.monotonic()
    for session, seconds in sessions.items():
        while _signal(session, 0) and time.monotonic() - started < seconds:
            time.sleep(_POLL_SECONDS)
        _signal(session, signal.SIGKILL)


def main(lines: Iterable[str]) -> None:
    """Read until the stack has ended, and stop what it has left."""
    sessions: dict[int, float] = {}
    for line in lines:
        if not line.strip():
            return
        session, seconds = line.split()
        sessions[int(session)] = float(seconds)
    stop_all(sessions)


def _signal(session: int, number: int) -> bool:
    """Return False if the session has ended."""
    try:
        os.killpg(session, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(sys.stdin)
