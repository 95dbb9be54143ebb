"""Child processes of the local stack, which are started, watched and stopped in order."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.environments import Environment
from infra.local.errors import LocalStackError
from infra.local.guard import Guard
from infra.local.settings import HOST

_POLL_SECONDS = 0.05
_TAIL_LINES = 15


@dataclass(frozen=True)
class Program:
    """A program to start, and the sign that it works."""

    name: str
    command: Sequence[str]
    environment: Environment
    port: int
    health_path: str | None
    """A path that has to respond, or None if a program that listens works."""
    stop_seconds: float
    log: Path
    echo: bool = False


def responds(port: int, path: str | None) -> bool:
    """Tell whether a program on this port works. Without a path, it works if it listens."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.connect()
        if path is None:
            return True
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Child:
    """A running program."""

    def __init__(self, program: Program) -> None:
        """Start the program in its own session, so that Ctrl-C reaches only its parent."""
        self.program = program
        self._log = program.log.open("wb")
        self._process = subprocess.Popen(
            program.command,
            env=program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program.echo else self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._echo = threading.Thread(target=self._copy_output, daemon=True)
        if program.echo:
            self._echo.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_until_it_responds(self, seconds: float = 60) -> None:
        """Return once the program responds. Raises LocalStackError if it ends, or after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not responds(self.program.port, self.program.health_path):
            self.require_running()
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.program.name} does not respond\n{self._tail()}")
            time.sleep(_POLL_SECONDS)

    def require_running(self) -> None:
        """Raise LocalStackError, with the end of the program's log, if the program has ended."""
        status = self._process.poll()
        if status is not None:
            self._finish_log()
            reason = f"{self.program.name} stopped by itself (exit status {status})"
            raise LocalStackError(reason if self.program.echo else f"{reason}\n{self._tail()}")

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def wait_stopped(self) -> None:
        """Wait for the end, and kill the program after ``stop_seconds``."""
        try:
            self._process.wait(self.program.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            self._finish_log()

    def kill(self) -> None:
        """Kill the program at once. It saves nothing."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._finish_log()

    def _signal(self, number: signal.Signals) -> None:
        # The whole session, because the program may have started other programs.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _copy_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log.write(line)
            self._log.flush()
            with contextlib.suppress(OSError):
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()

    def _finish_log(self) -> None:
        if self.program.echo:
            self._echo.join(timeout=2)
        self._log.close()

    def _tail(self) -> str:
        lines = self.program.log.read_text(encoding="utf-8", errors="replace").splitlines()
        shown = "\n".join(lines[-_TAIL_LINES:])
        return f"{shown}\n(the whole log: {self.program.log})"


class Children:
    """All programs of a stack, in the order of their starts."""

    def __init__(self) -> None:
        """Start the guard, which stops the programs if this process is killed."""
        self._guard = Guard()
        self._started: list[Child] = []

    def start(self, program: Program) -> Child:
        """Start a program."""
        child = Child(program)
        self._started.append(child)
        self._guard.watch(child.pid, program.stop_seconds)
        return child

    def require_running(self) -> None:
        """Raise LocalStackError, with the end of its log, if a program has ended."""
        for child in self._started:
            child.require_running()

    def stop(self) -> None:
        """Stop every program, in the reverse order of their starts."""
        for child in reversed(self._started):
            child.ask_to_stop()
        for child in reversed(self._started):
            child.wait_stopped()
        self._guard.dismiss()
