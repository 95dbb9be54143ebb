"""The warning about users that no sign-in reaches, for example after a change of ``OIDC_ISSUER``."""

from __future__ import annotations

import subprocess
import sys

from infra.local.environments import Environment
from infra.local.template import PROJECT_ROOT

_COMMAND = [sys.executable, "-m", "infra", "users", "check"]


def unreachable_users(environment: Environment) -> str:
    """Return the warning of the command ``users check``, or "".

    The command runs as a separate process, for the same reason as in ``provision``. If it fails, the result
    says so, and the stack starts nevertheless.
    """
    done = subprocess.run(
        _COMMAND, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"The users could not be checked: {done.stderr}"
    return f"{done.stdout}`make users` lists them.\n" if done.stdout else ""
