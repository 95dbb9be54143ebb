"""The command that starts and stops emulator, OpenID provider and API server together."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from chalicelib.settings.known import known_settings, misspelt
from infra.local import programs, state_dir
from infra.local.children import Children
from infra.local.environments import Environment, api_environment, isolated
from infra.local.errors import LocalStackError
from infra.local.guide import guide
from infra.local.provision import Provisioned, provision
from infra.local.reach import unreachable_users
from infra.local.settings import HOST, OWN_NAMES, StackSettings
from infra.local.template import PROJECT_ROOT

_WATCH_SECONDS = 0.2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked the stack to stop. Code that catches errors must not catch this."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of another project, which tests use, and the option of `make run`."""
    parser.add_argument("--project-dir", type=Path, default=PROJECT_ROOT)
    parser.add_argument("--with-parent", action="store_true", help="stop when the parent process ends")


def run(options: argparse.Namespace) -> None:
    """Run the stack until a signal stops it. Raises LocalStackError if it cannot continue."""
    # Also for SIGINT that is ignored, as in a background job of a shell.
    for number in _STOP_SIGNALS:
        signal.signal(number, _request_stop)
    try:
        settings = StackSettings.from_environ()
        for warning in misspelt(settings.environ, known_settings() | OWN_NAMES):
            print(f"Warning: {warning}", flush=True)
        require_free(settings.ports_in_use())
        with state_dir.held(settings.state_dir):
            serve(settings, options.project_dir, os.getppid() if options.with_parent else None)
    except StopRequested:
        print("Stopped.")


def serve(settings: StackSettings, project: Path, parent: int | None = None) -> None:
    """Start every program, print the guide, and watch until a signal or the end of a program.

    The end of ``parent`` counts as a signal, because `make` that is killed sends none. Raises
    LocalStackError if a program ends by itself.
    """
    print("Starting the service...", flush=True)
    with _children() as children:
        environment = _start_dependencies(settings, children)
        api = children.start(programs.api_server(settings, environment, project))
        warning = unreachable_users(environment) if settings.with_tokens else ""
        api.wait_until_it_responds()
        print(warning + guide(settings), flush=True)
        while True:
            children.require_running()
            if parent and os.getppid() != parent:
                raise StopRequested
            time.sleep(_WATCH_SECONDS)


def require_free(ports: dict[str, int]) -> None:
    """Raise LocalStackError, with the variable to change, if a port is in use."""
    for variable, port in ports.items():
        try:
            taken = _is_taken(port)
        except PermissionError as error:
            raise LocalStackError(f"Port {port} is reserved. Set {variable} to another port.") from error
        if taken:
            raise LocalStackError(
                f"Port {port} is in use. Stop the program that listens there, or set {variable} to another "
                f"port, for example {variable}={port + 10}."
            )


def _is_taken(port: int) -> bool:
    # On some systems binding misses a listener on a wildcard address. Connecting misses a listener with a
    # full backlog. So both are tried.
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


def _start_dependencies(settings: StackSettings, children: Children) -> Environment:
    """Start the programs that the API server needs, and return its environment."""
    if not settings.with_tokens:
        return api_environment(settings, "", "", "")
    print("Starting...", flush=True)
    emulator = children.start(programs.emulator(settings))
    provider = None
    if settings.with_provider:
        provider = children.start(programs.provider(settings))
    emulator.wait_until_it_responds()
    made: Provisioned = provision(isolated(settings.environ, settings.aws_url))
    if provider:
        provider.wait_until_it_responds()
    return api_environment(settings, made.table_name, made.signing_key, made.access_token_key)


@contextlib.contextmanager
def _children() -> Iterator[Children]:
    """Stop every child at the end."""
    children = Children()
    try:
        yield children
    finally:
        # A second Ctrl-C must not interrupt a child that saves its state.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        children.stop()


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested
