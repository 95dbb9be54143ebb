"""The environment of each child process, from which no real AWS account can be reached."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from infra.aws.operate.resource_server import definition
from infra.local.settings import StackSettings

Environment = dict[str, str]

# Any program may need these from the developer's session. Everything else is set here.
_HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")
# A service that verifies access tokens with the published keys.
OTHER_SERVICE = "https://api.example.com"
# Not a secret. It opens the local stack only.
LOCAL_CLIENT = "local-resource-server"
LOCAL_CLIENT_SECRET = "local-secret"
LOCAL_ADMINISTRATORS = "admin@example.com"
_LOOPBACK = "127.0.0.1,localhost"


def isolated(environ: Mapping[str, str], aws_url: str) -> Environment:
    """Return the environment with every trace of a real AWS account replaced."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    kept.pop("BOTO_CONFIG", None)
    proxied = [kept.get("NO_PROXY"), kept.get("no_proxy"), _LOOPBACK]
    no_proxy = ",".join(dict.fromkeys(value for value in proxied if value))
    return {
        **kept,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PYTHONUNBUFFERED": "1",
    }


def emulator_environment(
    environ: Mapping[str, str], port: int, state_dir: Path, services: tuple[str, ...]
) -> Environment:
    """Return the environment that keeps ministack on loopback and inside the state folder."""
    return {
        **harmless(environ),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": ",".join(services),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir / "aws"),
        "TMPDIR": str(state_dir / "tmp"),
        # Without this, port 8883 opens on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Without this, it looks for its own containers in the developer's Docker.
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Functions get it from here. In Lambda they have a session token too.
        "AWS_SESSION_TOKEN": "test",
        "PYTHONUNBUFFERED": "1",
    }


def provider_environment(environ: Mapping[str, str]) -> Environment:
    """Return the environment of the development OpenID provider."""
    return {**harmless(environ), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


def api_environment(
    settings: StackSettings, table_name: str, signing_key: str, access_token_key: str
) -> Environment:
    """Return the environment of the API server. A value that the developer set wins."""
    defaults = {
        "ISSUER": settings.url,
        "AUDIENCE": f"{settings.url}/api",
        "OIDC_ISSUER": settings.oidc_url,
        "OIDC_CLIENT_ID": "bodhi-local",
        "OIDC_AUDIENCES": settings.client_id,
        "ADMIN_SUBJECTS": LOCAL_ADMINISTRATORS,
        "STAGE": "local",
        # Mails land in the state folder.
        "NOTICES_FROM": "api-tokens@local.example.com",
        "LOG_LEVEL": "INFO",
    }
    if settings.with_provider:
        # The development provider requires a secret and accepts any.
        defaults["OIDC_CLIENT_SECRET"] = "local"
    if settings.with_tokens:
        defaults |= {
            "TABLE_NAME": table_name,
            "SIGNING_KEY_ID": signing_key,
            "DERIVED_TOKEN_KEY_ID": access_token_key,
            "DERIVED_TOKEN_AUDIENCES": OTHER_SERVICE,
            "RESOURCE_SERVERS": json.dumps(local_servers()),
        }
    return isolated({**defaults, **settings.environ}, settings.aws_url)


def local_servers() -> dict[str, dict[str, str]]:
    """Return the setting of the one resource server that may introspect tokens here."""
    return definition(LOCAL_CLIENT, LOCAL_CLIENT_SECRET)


def harmless(environ: Mapping[str, str]) -> Environment:
    """Return the variables that say nothing about accounts, settings or other services."""
    return {name: environ[name] for name in _HARMLESS if name in environ}
