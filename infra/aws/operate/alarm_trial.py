"""The command ``test-alarm``: fire an alarm of a stage and check its topic."""

from __future__ import annotations

import argparse
import secrets

from infra.aws.errors import DeploymentError
from infra.aws.operate.verify import alarm
from infra.aws.operate.verify.deployment import clients_of, facts_of, wire_of
from infra.aws.operate.verify.findings import Result, Verdict
from infra.aws.operate.verify.run import run_checks
from infra.aws.operate.verify.site import Credentials, Site
from infra.aws.stacks import add_stack_arguments, stack_name_of
from infra.aws.terminal import YES, confirmation, say_at_once

add_arguments = add_stack_arguments


def run(options: argparse.Namespace) -> None:
    """Ask, and try an alarm of a stage. Raises DeploymentError, ClientError, BotoCoreError."""
    name, client = stack_name_of(options), clients_of()
    facts = facts_of(client, name, options.stage)
    say_at_once(f"Account {facts.account}, region {facts.region}, stack {facts.stack}.")
    say_at_once("This sets one alarm to ALARM and back to OK. Its topic gets both messages.")
    if not confirmation(agreed=options.yes)(f"Fire an alarm of {facts.stack}?", YES):
        raise DeploymentError("Nothing was done.")
    trial(Site(facts, wire_of(client, facts), client, Credentials(""), secrets.token_hex(4)))


def trial(site: Site) -> None:
    """Fire an alarm and set it back. Raises DeploymentError if the topic did not get it."""
    results: list[Result] = []
    try:
        run_checks(site, alarm.CHECKS, say_at_once, results)
    finally:
        left = site.undo.close()
    (finding,) = (each.finding for each in results)
    if finding.verdict is not Verdict.HOLDS or left:
        raise DeploymentError(". ".join([finding.measured, *(f"Left behind: {each}" for each in left)]))
    say_at_once(finding.measured)
