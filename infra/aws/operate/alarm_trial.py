"""`python -m infra.aws.operate.alarm_trial`: fire an alarm of a stage and check its topic."""

from __future__ import annotations

import argparse
import secrets
import sys

from infra.aws.deploy.stage import stack_name_of
from infra.aws.errors import DeploymentError
from infra.aws.operate.verify import alarm
from infra.aws.operate.verify.deployment import clients_of, facts_of, wire_of
from infra.aws.operate.verify.findings import Result, Verdict
from infra.aws.operate.verify.run import run_checks
from infra.aws.operate.verify.site import Credentials, Site
from infra.aws.terminal import YES, confirmation, run, say_at_once


def main(arguments: list[str] | None = None) -> int:
    """Do it, and return 0 only if CloudWatch published the alarm."""
    options = _options(arguments)
    return run(lambda: _try_stage(options))


def trial(site: Site) -> None:
    """Fire an alarm and set it back. Raises DeploymentError unless it was published."""
    results: list[Result] = []
    try:
        run_checks(site, alarm.CHECKS, say_at_once, results)
    finally:
        left = site.undo.close()
    (finding,) = (each.finding for each in results)
    if finding.verdict is not Verdict.HOLDS or left:
        raise DeploymentError(". ".join([finding.measured, *(f"Left behind: {each}" for each in left)]))
    say_at_once(finding.measured)


def _try_stage(options: argparse.Namespace) -> None:
    client = clients_of()
    facts = facts_of(client, options.stack_name or stack_name_of(options.stage), options.stage)
    say_at_once(f"Account {facts.account}, region {facts.region}, stack {facts.stack}.")
    say_at_once("This sets one alarm to ALARM and back to OK. Its topic gets both messages.")
    if not confirmation(agreed=options.yes)(f"Fire an alarm of {facts.stack}?", YES):
        raise DeploymentError("Nothing was done.")
    trial(Site(facts, wire_of(client, facts), client, Credentials(""), secrets.token_hex(4)))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.aws.operate.alarm_trial", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--stack-name", default="", help="default: bodhi-api-tokens-STAGE")
    parser.add_argument("--yes", action="store_true", help="agree beforehand")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
