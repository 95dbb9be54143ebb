"""The command ``deploy``: package a stage, show its changes, ask, and deploy."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from typing import Any

from infra.aws.account import Account, lambda_of_session, session_of_environment
from infra.aws.deploy.artifacts import Bucket, default_bucket, upload
from infra.aws.deploy.change_sets import ChangeSet, refuse_state
from infra.aws.deploy.examples import next_steps, refuse_examples
from infra.aws.deploy.parameters import chosen_parameters, effective_values, given_parameters
from infra.aws.deploy.stack_options import StackOptions
from infra.aws.errors import DeploymentError
from infra.aws.package.access_logs import refuse_without_role
from infra.aws.package.build import PROJECT, Package, build, tell_advice
from infra.aws.package.concurrency import check_capacity, wishes
from infra.aws.package.functions import Template
from infra.aws.package.project_config import check_config
from infra.aws.package.stage_settings import check_settings, settings_of
from infra.aws.package.versions import published, with_versions
from infra.aws.stacks import Stack, add_stack_arguments, stack_name_of
from infra.aws.terminal import YES, Confirm, confirmation

_GOOD_ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage, and the options of its stack."""
    add_stack_arguments(parser)
    parser.add_argument("--bucket", default="", help="for zip and template; default: one is made")
    parser.add_argument("--parameters", default="", help='of the template: "Name=value Name=value"')
    parser.add_argument("--role", default="", help="the role with which CloudFormation makes the changes")
    parser.add_argument("--tags", default="", help='of the stack and its resources: "Name=value"')


def run(options: argparse.Namespace) -> None:
    """Package a stage, show what would change, ask, and deploy it.

    Raises PackagingError, DeploymentError, SettingsError, ClientError, BotoCoreError.
    """
    config = check_config(PROJECT, options.stage)
    settings = settings_of(config, options.stage)
    check_settings(config, options.stage)
    given = given_parameters(options.parameters, os.environ)
    stack_options = StackOptions.read(options.role, options.tags)
    account = Account.of_session()
    stack = Stack(account.cloudformation, stack_name_of(options))
    print(f"Account {account.number}, region {account.region}, stack {stack.name}.")
    # Before the settings are checked. A stack that must be removed first has no address to put into them.
    refuse_state(stack)
    gateway: Any = session_of_environment().create_client("apigateway")
    refuse_without_role(gateway, stack.described(), given)
    refuse_examples(settings, options.stage, first=not stack.exists())
    package = build(PROJECT, options.stage, PROJECT / "build" / options.stage)
    print(f"Packaged {package.size:,} bytes.")
    tell_advice(PROJECT, options.stage)
    check_reservations(lambda_of_session(), package, stack, given)
    bucket = Bucket(account, options.bucket or default_bucket(account))
    outputs = deploy(package, stack, bucket, given, confirmation(agreed=options.yes), stack_options)
    print("\nOutputs:")
    for name, value in sorted(outputs.items()):
        print(f"  {name:26}  {value}")
    print("\n" + "\n".join(next_steps(settings, outputs, options.stage)))


def deploy(
    package: Package,
    stack: Stack,
    bucket: Bucket,
    parameters: Mapping[str, str],
    confirm: Confirm,
    options: StackOptions | None = None,
) -> dict[str, str]:
    """Deploy a package to a stack, and return the outputs of the stack.

    The changes are shown, and ``confirm`` is called if there are any. Raises DeploymentError if it
    returns False, if CloudFormation refuses the changes, or if the deployment fails. Raises PackagingError
    if the version of an authorizer cannot be named. Raises ClientError, BotoCoreError.
    """
    bucket.make_sure(stack.say)
    described, present = stack.described(), published(stack)

    def versioned(packaged: Template, code: bytes) -> Template:
        return with_versions(packaged, code, effective_values(packaged, described, parameters), present)

    template, url = upload(package, bucket, versioned)
    chosen = chosen_parameters(template, described, parameters)
    change_set = ChangeSet.make(stack, url, chosen, (options or StackOptions()).request(described))
    if not change_set.changes:
        stack.say(f"The stack {stack.name} is up to date. There is nothing to change.")
        return stack.outputs()
    change_set.show()
    _ask(change_set, confirm)
    end = change_set.execute()
    if end.status not in _GOOD_ENDS:
        raise DeploymentError(f"The deployment of {stack.name} failed: {end.told}")
    return stack.outputs()


def check_reservations(
    functions: Any, package: Package, stack: Stack, parameters: Mapping[str, str]
) -> None:
    """Print the executions that Lambda can reserve, and check the parameters against them.

    ``functions`` is a client of Lambda. Raises DeploymentError if the parameters reserve more. Raises
    ClientError, BotoCoreError.
    """
    template: Template = json.loads(package.template.read_text(encoding="utf-8"))
    described = stack.described()
    # A stack that does not exist has reserved nothing yet.
    present = wishes(template, effective_values(template, described, {})) if described else []
    wanted = wishes(template, effective_values(template, described, parameters))
    check_capacity(functions, present, wanted, stack.say)


def _ask(change_set: ChangeSet, confirm: Confirm) -> None:
    """Raise DeploymentError and remove the change set unless the answer is yes."""
    name, lost = change_set.stack.name, change_set.lost_state()
    though = f", and continue without the present {' and '.join(lost)}" if lost else ""
    agreed = False
    try:
        agreed = confirm(f"Deploy {name}{though}?", name if lost else YES)
    finally:
        if not agreed:
            change_set.discard()
    if not agreed:
        raise DeploymentError("Nothing was changed.")
