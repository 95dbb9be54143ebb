"""The table, keys and aliases, created by CloudFormation from the deployment's own template."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, TypedDict

import boto3

from infra.local.template import read_template, state_part, ttl_attributes

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

STACK = "bodhi-api-tokens"
_USABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_POLLS = 300


class StackOptions(TypedDict):
    """The options for both the creation and the update of a stack."""

    StackName: str
    TemplateBody: str
    Parameters: list[ParameterTypeDef]


def main() -> int:
    """Create or update the stack, and print its outputs as JSON."""
    template = read_template()
    cloudformation = boto3.client("cloudformation")
    stack = _apply(cloudformation, json.dumps(state_part(template)))
    _expire_items(ttl_attributes(template), cloudformation)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    found = {
        "table_name": outputs["TableName"],
        "signing_key": outputs["SigningKeyArn"],
        "access_token_key": outputs["AccessTokenKeyArn"],
    }
    print(json.dumps(found))
    return 0


def _apply(cloudformation: CloudFormationClient, template: str) -> StackTypeDef:
    options: StackOptions = {
        "StackName": STACK,
        "TemplateBody": template,
        "Parameters": [{"ParameterKey": "DeletionProtection", "ParameterValue": "false"}],
    }
    if _exists(cloudformation):
        _update(cloudformation, options)
    else:
        cloudformation.create_stack(**options)
    for _ in range(_POLLS):
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    if stack["StackStatus"] not in _USABLE:
        raise SystemExit(f"the stack has the status {stack['StackStatus']}")
    return stack


def _exists(cloudformation: CloudFormationClient) -> bool:
    return any(stack["StackName"] == STACK for stack in cloudformation.describe_stacks()["Stacks"])


def _update(cloudformation: CloudFormationClient, options: StackOptions) -> None:
    try:
        cloudformation.update_stack(**options)
    except cloudformation.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _expire_items(attributes: dict[str, str], cloudformation: CloudFormationClient) -> None:
    """Turn TTL on, because the emulator ignores TimeToLiveSpecification in templates."""
    dynamodb = boto3.client("dynamodb")
    for logical_id, attribute in attributes.items():
        found = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        table = found["StackResourceDetail"]["PhysicalResourceId"]
        described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if described["TimeToLiveStatus"] == "DISABLED":
            dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
            )


if __name__ == "__main__":
    sys.exit(main())
