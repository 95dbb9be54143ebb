"""The programs of the local stack, and their commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from infra.local.children import Program
from infra.local.environments import (
    LOCAL_ADMINISTRATORS,
    Environment,
    emulator_environment,
    provider_environment,
)
from infra.local.errors import LocalStackError
from infra.local.settings import HOST, StackSettings
from infra.local.template import PROJECT_ROOT

EMULATED_SERVICES = ("cloudformation", "dynamodb", "dynamodbstreams", "kms")
DEVELOPMENT_PROVIDER = Path(__file__).parent / "development_provider"
ACCOUNTS = {
    "user@example.com": "Usha User",
    "other@example.com": "Otto Other",
    "admin@example.com": "Ada Admin",
}


def emulator(settings: StackSettings, services: tuple[str, ...] = EMULATED_SERVICES) -> Program:
    """Return the AWS emulator, which saves its state at SIGTERM. Raises LocalStackError."""
    return Program(
        name="The AWS emulator",
        command=[_tool("ministack")],
        environment=emulator_environment(settings.environ, settings.aws_port, settings.state_dir, services),
        port=settings.aws_port,
        health_path="/_ministack/ready",
        stop_seconds=20,
        log=settings.state_dir / "logs" / "emulator.log",
    )


def provider(settings: StackSettings) -> Program:
    """Return the development OpenID provider with its three accounts. Raises LocalStackError."""
    administrators = settings.environ.get("ADMIN_SUBJECTS", LOCAL_ADMINISTRATORS).split(",")
    accounts = [
        {
            "claims": {"sub": address, "email": address, "email_verified": True, "name": name},
            "role": "Administrator" if address in map(str.strip, administrators) else "",
        }
        for address, name in ACCOUNTS.items()
    ]
    command = [_tool("python"), str(DEVELOPMENT_PROVIDER / "__main__.py")]
    command += ["--host", HOST, "--port", str(settings.oidc_port), "--accounts", json.dumps(accounts)]
    return Program(
        name="The OpenID provider",
        command=command,
        environment=provider_environment(settings.environ),
        port=settings.oidc_port,
        health_path="/.well-known/openid-configuration",
        stop_seconds=3,
        log=settings.state_dir / "logs" / "provider.log",
    )


def api_server(settings: StackSettings, environment: Environment, project: Path) -> Program:
    """Return the API server. With ``LOGS=1`` its log is shown in the terminal too."""
    here = [sys.executable, "-m", "infra.local.serve"]
    return Program(
        name="The API server",
        command=[
            *here,
            *("--port", str(settings.port)),
            *("--project-dir", str(project)),
            *("--mails", str(settings.mails)),
            *("--events", str(settings.events)),
        ],
        environment=environment,
        port=settings.port,
        # It listens only after it has loaded the application. A request would be in its log.
        health_path=None,
        stop_seconds=5,
        log=settings.log,
        echo=settings.logs_in_terminal,
    )


def _tool(name: str) -> str:
    path = PROJECT_ROOT / ".venv-local" / "bin" / name
    if not path.exists():
        raise LocalStackError(f"{name} is not installed. Run `sh infra/set-up run`.")
    return str(path)
