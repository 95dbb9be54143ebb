"""Commands of operators, run for the local stack."""

from __future__ import annotations

import os
import sys

from infra.local.children import responds
from infra.local.environments import Environment, api_environment, isolated
from infra.local.errors import LocalStackError
from infra.local.provision import provision
from infra.local.settings import StackSettings
from infra.local.template import PROJECT_ROOT


def become(command: str) -> None:
    """Replace this process by an operator's command, with the environment of the running API server.

    Raises LocalStackError if the local stack does not run.
    """
    environment = _environment(StackSettings.from_environ())
    # Without "local" and the command. The process is replaced, so that Ctrl-C reaches one process only.
    arguments = sys.argv[3:]
    os.chdir(PROJECT_ROOT)
    os.execve(sys.executable, [sys.executable, "-m", "infra", command, *arguments], environment)


def _environment(settings: StackSettings) -> Environment:
    if not responds(settings.aws_port, "/_ministack/ready"):
        raise LocalStackError(
            f"No local stack responds on port {settings.aws_port}. Start it with `make run`, "
            "or set AWS_PORT to its port."
        )
    made = provision(isolated(settings.environ, settings.aws_url))
    return api_environment(settings, made.table_name, made.signing_key, made.access_token_key)
