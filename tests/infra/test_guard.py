"""The guard stops the sessions of a stack that was killed, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from infra.local import guard

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
WAIT = "print('up', flush=True); import time; time.sleep(60)"

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program in a session of its own, and wait until it runs."""
    started: list[subprocess.Popen[str]] = []

    def start_one(before: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", before + WAIT], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        return process

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


def test_sessions_of_a_killed_stack_are_stopped(start: Start) -> None:
    """Asked first, so that the emulator can save its state; killed if that takes too long."""
    polite, stubborn = start(""), start(STUBBORN)
    began = time.monotonic()
    guard.main([f"{polite.pid} 0.2\n", f"{stubborn.pid} 0.2\n"])
    assert polite.wait(10) == -signal.SIGTERM
    assert stubborn.wait(10) == -signal.SIGKILL
    assert time.monotonic() - began < 10


def test_stack_that_has_stopped_needs_no_guard(start: Start) -> None:
    """The number of a session may be another program's by then."""
    other = start("")
    guard.main([f"{other.pid} 0.2\n", "\n"])
    assert other.poll() is None


def test_session_that_is_gone_is_passed_over(start: Start) -> None:
    """A program may have ended by itself."""
    gone, other = start(""), start("")
    gone.kill()
    gone.wait()
    guard.main([f"{gone.pid} 5\n", f"{other.pid} 5\n"])
    assert other.wait(10) == -signal.SIGTERM


def test_guard_survives_what_ends_the_stack_and_ends_with_it() -> None:
    """Its end is quick, also if it was killed itself."""
    running = guard.Guard()
    running.watch(2**22 + 1, 1.0)
    running.dismiss()
    assert running._process.returncode == 0
    killed = guard.Guard()
    killed._process.kill()
    killed._process.wait()
    killed.watch(2**22 + 1, 1.0)
    killed.dismiss()
    assert killed._process.returncode == -signal.SIGKILL
