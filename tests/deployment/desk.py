"""Somebody who deploys to an account in the emulator, with a small template instead of the project's."""

from __future__ import annotations

import copy
import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.session import Session

from infra.aws.account import Account
from infra.aws.deploy.artifacts import Bucket, default_bucket
from infra.aws.deploy.stack_options import StackOptions
from infra.aws.deploy.stage import deploy
from infra.aws.package.build import Package
from infra.aws.stacks import Stack

SERVICES = ("apigateway", "kms", "cloudformation", "dynamodb", "iam", "lambda", "logs", "s3", "sts")


class EmulatorSession(Session):
    """A session whose every client speaks to the emulator."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.set_credentials("test", "test")
        self.set_config_variable("region", "us-east-1")
        self.endpoint = endpoint

    def create_client(self, service_name: str, *_: Any, **__: Any) -> Any:
        """Return a client of the emulator."""
        return super().create_client(service_name, endpoint_url=self.endpoint)


@dataclass
class Desk:
    """What is deployed, what was said and asked, and what the answer is."""

    folder: Path
    session: Session
    account: Account
    name: str
    answer: bool = True
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    options: StackOptions = field(default_factory=StackOptions)
    template: dict[str, Any] = field(default_factory=lambda: small_template())

    @property
    def stack(self) -> Stack:
        """The stack, with what it says kept."""
        return Stack(self.account.cloudformation, self.name, self.said.append, lambda _: time.sleep(0.02))

    @property
    def bucket(self) -> Bucket:
        """The bucket that is used where none is named."""
        return Bucket(self.account, default_bucket(self.account))

    @property
    def output(self) -> str:
        """Everything said so far."""
        return "\n".join(self.said)

    @property
    def status(self) -> str | None:
        """The stack's status, or None where there is none."""
        described = self.stack.described()
        return described["StackStatus"] if described else None

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploy the template as it is now."""
        package = a_package(self.folder, self.template)
        return deploy(package, self.stack, self.bucket, parameters, self.confirm, self.options)

    def value_of(self, parameter: str) -> str:
        """Return the value that a parameter of the stack has."""
        described = self.stack.described()
        assert described
        values = {p["ParameterKey"]: p["ParameterValue"] for p in described["Parameters"]}
        return values[parameter]

    def environment_of_function(self) -> dict[str, str]:
        """Return the variables of the deployed function."""
        found = self.account.cloudformation.describe_stack_resource(
            StackName=self.name, LogicalResourceId="Function"
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        functions: Any = self.session.create_client("lambda")
        variables: dict[str, str] = functions.get_function_configuration(FunctionName=name)["Environment"][
            "Variables"
        ]
        return variables

    def change_sets(self) -> list[str]:
        """Return the status of each change set that the stack has."""
        found = self.account.cloudformation.list_change_sets(StackName=self.name)["Summaries"]
        return [each["ExecutionStatus"] for each in found]

    def confirm(self, question: str, word: str) -> bool:
        """Answer a question and remember it."""
        self.asked.append(question)
        self.words.append(word)
        return self.answer


def a_package(
    folder: Path, template: dict[str, Any], source: str = "def handler(e, c): return 1"
) -> Package:
    """Return a package with a template and one module."""
    path, code, packed = folder / "template.json", folder / "deployment.zip", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo("app.py"), source)
    code.write_bytes(packed.getvalue())
    path.write_text(json.dumps(template))
    return Package(path, code, code.stat().st_size)


def small_template() -> dict[str, Any]:
    """Return a template with a table, a function and parameters, as the project's has."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {
            "Days": {"Type": "Number", "Default": 7},
            "Key": {"Type": "String", "Default": "pk"},
            "DeletionProtection": {
                "Type": "String",
                "Default": "true",
                "AllowedValues": ["true", "false"],
            },
            "OidcClientSecret": {"Type": "String", "Default": "", "NoEcho": True},
        },
        "Conditions": {"TableIsProtected": {"Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]}},
        "Resources": copy.deepcopy({"TokenTable": _TABLE, "Logs": _LOGS, "Function": _FUNCTION}),
        "Outputs": {"TableName": {"Value": {"Ref": "TokenTable"}}},
    }


_TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": {"Ref": "Key"}, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": {"Ref": "Key"}, "KeyType": "HASH"}],
        "DeletionProtectionEnabled": {"Fn::If": ["TableIsProtected", True, False]},
    },
}
_LOGS = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}
_FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Properties": {
        "CodeUri": "./deployment.zip",
        "Handler": "app.handler",
        "Runtime": "python3.11",
        "Environment": {"Variables": {"SECRET": {"Ref": "OidcClientSecret"}}},
    },
}
