"""The command ``destroy``: remove the stack of a stage. The table and the signing keys are kept."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws.account import Account
from infra.aws.errors import DeploymentError
from infra.aws.stacks import Rest, Stack, add_stack_arguments, stack_name_of
from infra.aws.terminal import YES, Confirm, confirmation

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackResourceTypeDef

_TABLE, _KEY = "AWS::DynamoDB::Table", "AWS::KMS::Key"
# KMS deletes a key after a waiting time, in which the deletion can be cancelled.
_REMOVALS = {
    _TABLE: "aws dynamodb delete-table --table-name {id}",
    _KEY: "aws kms schedule-key-deletion --key-id {id}",
}
_UNPROTECT = "aws dynamodb update-table --table-name {id} --no-deletion-protection-enabled"
_GONE = "DELETE_COMPLETE"


add_arguments = add_stack_arguments


def run(options: argparse.Namespace) -> None:
    """Ask, and remove the stack of a stage. Raises DeploymentError, ClientError, BotoCoreError."""
    name, account = stack_name_of(options), Account.of_session()
    stack = Stack(account.cloudformation, name)
    print(f"Account {account.number}, region {account.region}, stack {stack.name}.")
    destroy(account, stack, options.stage, confirmation(agreed=options.yes))


def destroy(account: Account, stack: Stack, stage: str, confirm: Confirm) -> None:
    """Delete a stack and print its events until it is gone.

    Raises DeploymentError if the table is protected against deletion, if ``confirm`` returns False, or if
    a resource cannot be deleted. Raises ClientError, BotoCoreError.
    """
    described = stack.described()
    if described is None or described["StackStatus"] == _GONE:
        stack.say(f"The stack {stack.name} does not exist. There is nothing to remove.")
        return
    kept = _lasting(account, stack)
    _refuse_protected(account, stack.name, stage, kept)
    _tell(account, stack, kept)
    if not confirm(f"Remove {stack.name}?", YES):
        raise DeploymentError("Nothing was changed.")
    end = _delete(stack, described["StackId"])
    if end.status != _GONE:
        raise DeploymentError(f"{stack.name} could not be removed: {end.told}")
    stack.say(f"\n{stack.name} is removed.")


def _delete(stack: Stack, stack_id: str) -> Rest:
    since = stack.last_event(stack_id)
    stack.cloudformation.delete_stack(StackName=stack_id)
    return stack.follow(stack_id, since)


def _lasting(account: Account, stack: Stack) -> list[StackResourceTypeDef]:
    """Return the resources that outlive the stack."""
    found = account.cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    return [each for each in found if each["ResourceType"] in _REMOVALS and each.get("PhysicalResourceId")]


def _refuse_protected(account: Account, name: str, stage: str, kept: list[StackResourceTypeDef]) -> None:
    for resource in kept:
        # A table that a failed deployment left behind does not belong to the stack any more.
        ours = resource["ResourceType"] == _TABLE and not resource["ResourceStatus"].startswith("DELETE")
        if ours and _is_protected(account, resource["PhysicalResourceId"]):
            raise DeploymentError(
                f"The table {resource['PhysicalResourceId']} of {name} is protected against deletion. "
                "Nothing was changed. To remove the service, first turn the protection off:\n"
                f'  make deploy STAGE={stage} PARAMETERS="DeletionProtection=false"'
            )


def _is_protected(account: Account, table: str) -> bool:
    try:
        described = account.dynamodb.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return described.get("DeletionProtectionEnabled", False)


def _tell(account: Account, stack: Stack, kept: list[StackResourceTypeDef]) -> None:
    stack.say(
        f"\nThis removes {stack.name}: its API, functions, roles, alarms, and log groups with all lines."
    )
    if not kept:
        return
    stack.say("The table and the keys are kept. You keep paying for them until you delete them:")
    for resource in kept:
        stack.say(f"  {resource['LogicalResourceId']:16}  {resource['PhysicalResourceId']}")
    stack.say("A later deployment makes new ones. To delete these for ever, run afterwards:")
    for resource in kept:
        for command in _removal(account, resource):
            stack.say(f"  {command}")


def _removal(account: Account, resource: StackResourceTypeDef) -> list[str]:
    kind, name = resource["ResourceType"], resource["PhysicalResourceId"]
    protected = kind == _TABLE and _is_protected(account, name)
    return [
        *([_UNPROTECT.format(id=name)] if protected else []),
        _REMOVALS[kind].format(id=name),
    ]
