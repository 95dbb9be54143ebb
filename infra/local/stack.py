"""`make run`: emulator, OpenID provider and API server as one thing that starts and stops."""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from infra.local import programs, state_dir
from infra.local.children import Child, Program
from infra.local.environments import Environment, api_environment, isolated
from infra.local.errors import LocalStackError
from infra.local.guide import guide
from infra.local.provision import Provisioned, provision
from infra.local.reach import unreachable_users
from infra.local.settings import HOST, StackSettings
from infra.local.template import PROJECT_ROOT

_WATCH_SECONDS = 0.2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked the stack to stop; nothing that catches errors may swallow it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of another project, for tests."""
    parser.add_argument("--project-dir", type=Path, default=PROJECT_ROOT)


def run(options: argparse.Namespace) -> None:
    """Run the stack until a signal stops it. Raises LocalStackError if it cannot continue."""
    for number in _STOP_SIGNALS:
        signal.signal(number, _request_stop)
    try:
        settings = StackSettings.from_environ()
        require_free(settings.ports_in_use())
        with state_dir.held(settings.state_dir):
            serve(settings, options.project_dir)
    except StopRequested:
        print("Stopped.")


def serve(settings: StackSettings, project: Path) -> None:
    """Start everything, say what to do next, and watch until told to stop."""
    with _children() as children:
        environment = _start_dependencies(settings, children)
        api = _start(children, programs.api_server(settings, environment, project))
        warning = unreachable_users(environment) if settings.with_tokens else ""
        api.wait_until_it_answers()
        print(warning + guide(settings), flush=True)
        while True:
            for child in children:
                child.require_running()
            time.sleep(_WATCH_SECONDS)


def require_free(ports: dict[str, int]) -> None:
    """Raise, naming the variable to change, if somebody listens on one of the ports."""
    for variable, port in ports.items():
        try:
            taken = _is_taken(port)
        except PermissionError as error:
            raise LocalStackError(f"Port {port} is reserved: set {variable} to another") from error
        if taken:
            raise LocalStackError(
                f"Port {port} is in use: stop what listens there, or set {variable} to another "
                f"port, for example {variable}={port + 10}"
            )


def _is_taken(port: int) -> bool:
    # Both ways: binding misses a listener on a wildcard address on some systems,
    # connecting misses one with a full backlog.
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise
        except OSError:
            return True
    return False


def _start_dependencies(settings: StackSettings, children: list[Child]) -> Environment:
    """Start what the API server needs and return its environment."""
    if not settings.with_tokens:
        return api_environment(settings, "", "", "")
    print("Starting...", flush=True)
    emulator = _start(children, programs.emulator(settings))
    provider = None
    if settings.with_provider:
        provider = _start(children, programs.provider(settings))
    emulator.wait_until_it_answers()
    made: Provisioned = provision(isolated(settings.environ, settings.aws_url))
    if provider:
        provider.wait_until_it_answers()
    return api_environment(settings, made.table_name, made.signing_key, made.access_token_key)


def _start(children: list[Child], program: Program) -> Child:
    child = Child(program)
    children.append(child)
    return child


@contextlib.contextmanager
def _children() -> Iterator[list[Child]]:
    """Stop every child at the end, the last started first."""
    children: list[Child] = []
    try:
        yield children
    finally:
        # A second Ctrl-C must not cut short the saving of state.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(children):
            child.ask_to_stop()
        for child in reversed(children):
            child.wait_stopped()


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested
