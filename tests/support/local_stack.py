"""The local stack, or its emulator alone, on free ports and with its own state."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local import programs
from infra.local.children import Child
from infra.local.environments import Environment, harmless, isolated
from infra.local.errors import LocalStackError
from infra.local.login import sign_in
from infra.local.provision import provision
from infra.local.settings import HOST, StackSettings
from infra.local.template import PROJECT_ROOT

# Below the kernel's range for outgoing connections, so that none of them takes a port before its use.
_PORTS = range(20000, 32000)
_START_SECONDS = 60
_STOP_SECONDS = 40
# Never seeded, unlike the shared generator, because test processes must not draw the same ports.
_RANDOM = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return different ports that are free."""
    with contextlib.ExitStack() as held:
        return [_hold_port(held) for _ in range(count)]


@dataclass(frozen=True)
class Emulated:
    """A running emulator with table and keys."""

    endpoint: str
    table_name: str
    key_id: str
    access_token_key_id: str
    environment: Environment
    """The variables that reach it and no real account: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and so on."""


@contextlib.contextmanager
def emulator(
    services: tuple[str, ...] = programs.EMULATED_SERVICES,
) -> Iterator[Emulated]:
    """Run only the emulator, with the template's table and keys. Its state is not kept."""
    with tempfile.TemporaryDirectory(prefix="bodhi-emulator-") as folder:
        settings = settings_on_free_ports(Path(folder))
        for name in ("aws", "logs", "tmp"):
            (settings.state_dir / name).mkdir()
        child = Child(programs.emulator(settings, services))
        try:
            child.wait_until_it_responds(_START_SECONDS)
            environment = isolated({}, settings.aws_url)
            made = provision({**os.environ, **environment})
            yield Emulated(
                settings.aws_url,
                made.table_name,
                made.signing_key,
                made.access_token_key,
                environment,
            )
        finally:
            child.kill()


class LocalStack:
    """`make run` as a process: `with LocalStack() as stack: stack.login(...)`."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        project: Path = PROJECT_ROOT,
        state_dir: Path | None = None,
    ) -> None:
        """Choose ports. Settings come from ``environ`` only, not from the environment of the tests."""
        self._folder = tempfile.TemporaryDirectory(prefix="bodhi-stack-")
        self._output = Path(self._folder.name) / "output.log"
        self._project = project
        self.settings = settings_on_free_ports(state_dir or Path(self._folder.name) / "state", environ)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the API server."""
        return self.settings.url

    @property
    def pid(self) -> int:
        """The process id of the orchestrator."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        """Start the stack."""
        try:
            self.start()
        except LocalStackError:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the stack and remove its state."""
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the stack and wait until it is ready. Raises LocalStackError with its output."""
        said_before = len(self.log())
        command = [
            sys.executable,
            "-m",
            "infra",
            "local",
            "up",
            "--project-dir",
            str(self._project),
        ]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(self.settings.environ),
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while "\nReady: " not in self.log()[said_before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LocalStackError(f"the stack did not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the stack as a signal would, and return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait until the stack has ended by itself, and return its exit status."""
        assert self._process is not None
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def restart(self) -> None:
        """Stop and start again with the same ports and the same state."""
        self.stop()
        self.start()

    def login(self, subject: str = "user@example.com") -> str:
        """Sign in at the development provider and return the JWT."""
        return sign_in(self.settings, subject)

    def log(self) -> str:
        """Return the whole output so far."""
        if not self._output.exists():
            return ""
        return self._output.read_text(encoding="utf-8", errors="replace")


def settings_on_free_ports(state_dir: Path, environ: Mapping[str, str] | None = None) -> StackSettings:
    """Return settings from ``environ`` only, with free ports."""
    port, oidc_port, aws_port = free_ports(3)
    ours = {
        "PORT": str(port),
        "OIDC_PORT": str(oidc_port),
        "AWS_PORT": str(aws_port),
        "STATE_DIR": str(state_dir),
        # Tests look for secrets in the log of the API server too.
        "LOGS": "1",
    }
    return StackSettings.from_environ({**harmless(os.environ), **ours, **(environ or {})})


def _hold_port(held: contextlib.ExitStack) -> int:
    while True:
        probe = held.enter_context(socket.socket())
        port = _RANDOM.choice(_PORTS)
        with contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
