"""The warning of users that no sign-in reaches, as after a change of ``OIDC_ISSUER``."""

from __future__ import annotations

import subprocess
import sys

from infra.local.environments import Environment
from infra.local.template import PROJECT_ROOT

_COMMAND = [sys.executable, "-m", "infra", "users", "check"]


def unreachable_users(environment: Environment) -> str:
    """Return the warning of the operator's command, or "".

    The command runs as its own process, for the reason that ``provision`` gives. If it fails, the result
    says so and the stack starts anyway.
    """
    done = subprocess.run(
        _COMMAND, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"The users could not be checked: {done.stderr}"
    return f"{done.stdout}`make users` lists them.\n" if done.stdout else ""
