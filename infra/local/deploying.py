"""Deploys a package to the emulator by a change set, as the deploy command does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import boto3

from infra.aws.package import Package
from infra.local.errors import LocalStackError
from infra.local.settings import StackSettings

_POLLS = 600


def deploy(name: str, built: Package, settings: StackSettings) -> Mapping[str, str]:
    """Upload, create the stack and return its outputs. Raises LocalStackError."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=settings.aws_url)
    cf: Any = session.client("cloudformation", endpoint_url=settings.aws_url)
    s3.create_bucket(Bucket="packages")
    s3.upload_file(str(built.code), "packages", built.code.name)
    template = json.loads(built.template.read_text(encoding="utf-8"))
    for each in template["Resources"].values():
        if each["Type"] == "AWS::Serverless::Function":
            each["Properties"]["CodeUri"] = f"s3://packages/{built.code.name}"
    s3.put_object(Bucket="packages", Key="template.json", Body=json.dumps(template).encode())
    given = {"DeletionProtection": "false", "OidcClientSecret": "local"}
    cf.create_stack(
        StackName=name,
        TemplateURL=f"{settings.aws_url}/packages/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
    )
    for _ in range(_POLLS):
        stack = cf.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise LocalStackError(f"the stack is in state {stack['StackStatus']}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
