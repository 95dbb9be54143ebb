"""The package of the project, deployed to the emulator by the code that deploys it to AWS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from infra.aws.account import Account
from infra.aws.deploy.artifacts import Bucket, default_bucket
from infra.aws.deploy.stage import deploy
from infra.aws.errors import DeploymentError
from infra.aws.package.build import PROJECT, Package, build, host_architecture
from infra.aws.package.python_runtime import host_python
from infra.aws.stacks import Stack
from infra.local.errors import LocalStackError
from infra.local.settings import StackSettings

STACK = "bodhi-api-tokens-dev"
_STAGE = "dev"
_ACCOUNT, _REGION = "000000000000", "us-east-1"
_PARAMETERS = {
    "DeletionProtection": "false",
    # The development provider requires a secret and accepts any.
    "OidcClientSecret": "local",
}
# CloudFormation takes minutes, the emulator a second.
_PAUSE_SECONDS = 0.1


def package_here(folder: Path, settings: Mapping[str, str]) -> Package:
    """Package for this machine's processor and Python, with its settings. Raises PackagingError."""
    return build(
        PROJECT,
        _STAGE,
        folder,
        architecture=host_architecture(),
        python=host_python(),
        settings=settings,
    )


def deploy_here(built: Package, settings: StackSettings) -> Mapping[str, str]:
    """Deploy to the emulator and return the stack's outputs.

    Raises LocalStackError with the whole output of the command.
    """
    account = Account(
        _ACCOUNT,
        _REGION,
        emulated("cloudformation", settings),
        emulated("s3", settings),
        emulated("dynamodb", settings),
    )
    said: list[str] = []
    stack = Stack(account.cloudformation, STACK, said.append, lambda _: time.sleep(_PAUSE_SECONDS))
    bucket = Bucket(account, default_bucket(account))
    try:
        return deploy(built, stack, bucket, _PARAMETERS, lambda *_: True)
    except DeploymentError as error:
        raise LocalStackError("\n".join([*said, str(error)])) from error


def emulated(service: Any, settings: StackSettings) -> Any:
    """Return a client of the emulator. The account of the environment is not used."""
    session = boto3.Session("test", "test", region_name=_REGION)
    return session.client(service, endpoint_url=settings.aws_url)
