"""The virtual environments of this project. ``infra/set-up`` runs this file with the Python that it found.

It needs the standard library only, because no package is installed yet.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
_RUN = ("requirements.txt", "requirements-run.txt")
_POLL_SECONDS = 0.1
# A log without a terminal gets a line this often.
_LINE_SECONDS = 10.0
_TAIL_LINES = 5
_HINTS = {
    r"Retrying \(|NewConnectionError|NameResolutionError|ProxyError|SSLError": "The package index does not "
    "respond: check the network and the proxy, or set PIP_INDEX_URL.",
    r"Permission denied|Read-only file system": "Copy the checkout to a folder that you may write.",
}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.M)
# One line each, in pip's words.
_FOUND = re.compile(rb"^(?:Collecting|Requirement already satisfied:) ", re.M)
_OF_THE_MAKER = ("pip-", "setuptools-")


class SetUpError(Exception):
    """The reason why an environment cannot be made, as a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Layer:
    """Packages of an environment. The marker is a file that exists if they are installed."""

    marker: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Environment:
    """A virtual environment. The first layer makes it anew, and the others add to it."""

    folder: str
    layers: tuple[Layer, ...]
    needs_pip: bool = True

    def missing(self, into: Path) -> tuple[Layer, ...]:
        """Return the layers that are not installed, or are older than their requirements."""
        for number, layer in enumerate(self.layers):
            marker = into / self.folder / layer.marker
            files = [ROOT / name for name in layer.requirements]
            if not marker.exists() or any(file.stat().st_mtime > marker.stat().st_mtime for file in files):
                return self.layers[number:]
        return ()


COMMANDS = Environment(".venv", (Layer(".ready", _RUN),))
LOCAL = Environment(".venv-local", (Layer(".ready", ("requirements-local.txt",)),), needs_pip=False)
DOCS = Environment(".venv-docs", (Layer(".ready", ("requirements-docs.txt",)),), needs_pip=False)
TESTS = Environment(".venv", (*COMMANDS.layers, Layer(".ready-for-tests", ("requirements-dev.txt",))))
LEVELS = {
    "commands": (COMMANDS,),
    "run": (COMMANDS, LOCAL),
    "docs": (COMMANDS, DOCS),
    "test": (TESTS, LOCAL),
}
"""The environments of each level: operators' commands, the local stack, the site of docs, and the tests."""


@dataclass
class Job:
    """The making of one environment, one program after the other."""

    folder: Path
    markers: Sequence[str]
    commands: list[list[str]]
    log: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    process: subprocess.Popen[bytes] | None = None

    def is_done(self) -> bool:
        """Start the next program when one has ended. Raises SetUpError if one fails."""
        if self.process is None or self.process.poll() is not None:
            if self.process and self.process.returncode:
                raise SetUpError(_reason(self.folder, self.text()))
            if not self.commands:
                self._finish()
                return True
            # In a session of its own, so that it can be stopped together with what it starts.
            self.process = subprocess.Popen(
                self.commands.pop(0),
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return False

    def stop(self) -> None:
        """Stop the program that runs. The next set-up makes the environment anew."""
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def found(self) -> int:
        """Return the number of packages that pip has found."""
        return len(_FOUND.findall(self.text()))

    def installed(self) -> int:
        """Return the number of packages that are installed. Pip itself do not count."""
        places = self.folder.glob("lib/python*/site-packages/*.dist-info")
        return sum(not place.name.startswith(_OF_THE_MAKER) for place in places)

    def text(self) -> bytes:
        """Return the output so far."""
        return os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0)

    def _finish(self) -> None:
        (self.folder / "install.log").write_bytes(self.text())
        for marker in self.markers:
            (self.folder / marker).touch()


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing for a level, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("level", choices=list(LEVELS))
    parser.add_argument("--into", type=Path, default=ROOT, help="the folder of the environments")
    options = parser.parse_args(arguments)
    # Also for SIGINT that is ignored, as in a background job of a shell.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone():
            jobs, total = _jobs(options.level, options.into)
            if jobs:
                _make(jobs, total)
    except SetUpError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: Stopped. The next set-up begins anew.", file=sys.stderr)
        return 130
    return 0


def _jobs(level: str, into: Path) -> tuple[list[Job], int]:
    """Return the jobs of a level, and about how many packages they install."""
    jobs, total = [], 0
    for environment in LEVELS[level]:
        if not (missing := environment.missing(into)):
            continue
        # What earlier layers pin too, so that pip notices if two lists differ.
        files = [name for layer in environment.layers for name in layer.requirements]
        words = [word for name in files for word in ("-r", str(ROOT / name))]
        anew = missing[0] is environment.layers[0]
        markers = [layer.marker for layer in missing]
        job = _job(into / environment.folder, markers, words, anew=anew)
        if not environment.needs_pip:
            job.commands.append(_pip(job.folder, "uninstall", "--yes", "pip", "setuptools"))
        jobs.append(job)
        lists = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in files)
        total += len(set(_PINNED.findall(lists)))
    return jobs, total


def _job(folder: Path, markers: Sequence[str], words: list[str], *, anew: bool) -> Job:
    # Otherwise the environment that the link leads to would be changed.
    if folder.is_symlink():
        raise SetUpError(f"'{folder}' is a link. Remove it, or update the environment that it leads to")
    # Python compiles the modules that it imports. Compiling all others takes time and a third of the space.
    options = ["--no-input", "--disable-pip-version-check", "--no-compile", "--progress-bar", "off"]
    commands = [_pip(folder, "install", *options, *words)]
    if anew:
        commands.insert(0, [sys.executable, "-m", "venv", "--clear", str(folder)])
    return Job(folder, markers, commands)


def _make(jobs: list[Job], total: int) -> None:
    """Run the jobs at the same time, because each waits for downloads most of the time."""
    names = " and ".join(job.folder.name for job in jobs)
    started = said = time.monotonic()
    print(f"Setting up {names} (once; up to two minutes)...", file=sys.stderr)
    left = jobs
    try:
        # An environment that is half done must not count as ready.
        for marker in (job.folder / name for job in jobs for name in job.markers):
            marker.unlink(missing_ok=True)
        while left := [job for job in left if not job.is_done()]:
            time.sleep(_POLL_SECONDS)
            said = _tell(jobs, total, started, said)
    except OSError as error:
        place = jobs[0].folder.parent
        raise SetUpError(f"{place} cannot be used: {error.strerror}. Use a folder of yours") from error
    finally:
        for job in jobs:
            job.stop()
    size = sum(path.lstat().st_size for job in jobs for path in job.folder.rglob("*")) / 1e6
    _clear_line()
    print(f"Set up in {time.monotonic() - started:.0f} s, {size:.0f} MB.", file=sys.stderr)


def _tell(jobs: list[Job], total: int, started: float, said: float) -> float:
    """Show the progress: always on a terminal, and seldom in a log. Return when it was last shown."""
    now, terminal = time.monotonic(), sys.stderr.isatty()
    if now - said < (0.5 if terminal else _LINE_SECONDS):
        return said
    line = f"  {_progress(jobs, total)}, {now - started:.0f} s"
    if terminal:
        _clear_line()
    print(line, end="" if terminal else "\n", file=sys.stderr, flush=True)
    return now


def _progress(jobs: list[Job], total: int) -> str:
    """Return what happens now, in words. Pip finds all packages before it installs the first one."""
    found, installed = sum(job.found() for job in jobs), sum(job.installed() for job in jobs)
    if not found:
        return f"Making {' and '.join(job.folder.name for job in jobs)}, before pip begins"
    return f"{min(found, total)} of about {total} packages found, {min(installed, total)} installed"


def _clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


def _reason(folder: Path, log: bytes) -> str:
    text = log.decode(errors="replace")
    shown = "\n".join(f"  {line}" for line in text.strip().splitlines()[-_TAIL_LINES:])
    hints = [hint for pattern, hint in _HINTS.items() if re.search(pattern, text)]
    return " ".join([f"{folder.name} could not be set up.", *hints]) + f"\n{shown}"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait for another set-up of this checkout, which may make the same environments."""
    with (ROOT / "requirements.txt").open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here. Waiting for it...", file=sys.stderr)
            fcntl.flock(held, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield


def _pip(folder: Path, *words: str) -> list[str]:
    return [str(folder / "bin" / "python"), "-m", "pip", *words]


if __name__ == "__main__":
    sys.exit(main())
