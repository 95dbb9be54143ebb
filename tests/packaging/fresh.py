"""Fresh processes with a clean environment, as Lambda starts them."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# What a function needs, and what Lambda itself sets.
ENVIRON = {
    "TABLE_NAME": "bodhi-test",
    "SIGNING_KEY_ID": "alias/bodhi-test",
    "ISSUER": "https://api.example.com",
    "AUDIENCE": "https://api.example.com/api",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "bodhi-test",
}
LAMBDA = {
    "PATH": "/usr/bin:/bin",
    "_HANDLER": "app.app",
    "AWS_LAMBDA_FUNCTION_NAME": "bodhi-test",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_REGION": "eu-west-1",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def start(script: str, environ: Mapping[str, str] = ENVIRON) -> subprocess.CompletedProcess[str]:
    """Run a script in the project with nothing but ``environ`` and what Lambda sets."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={**LAMBDA, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def result_of(script: str, environ: Mapping[str, str] = ENVIRON) -> Any:
    """Return what a script prints as its last line, in JSON."""
    ended = start(script, environ)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])
