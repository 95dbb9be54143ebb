"""The work that no request starts: the sweep, the readers of the stream, the bus and the mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb.primary_keys import sweep_key
from chalicelib.adapters.dynamodb.sweep_store import WALK
from infra.aws.operate.verify.findings import Check, Finding, fails, holds, judged, not_decidable
from infra.aws.operate.verify.site import Site

SCHEDULE, TABLE = "SweepSchedule", "TokenTable"
READERS = ("AuthorizerCacheFlushes", "EventsOut")
_QUEUE = "AWS::SQS::Queue"
# Twice the time between two invocations, and the time of one.
_FIRST_RUN = timedelta(minutes=15)
# An alarm is raised after 36 hours.
_LONGEST_WALK = timedelta(hours=36)
_HOUR = timedelta(hours=1)
_GOOD_RESULTS = ("OK", "No records processed")


def sweep(site: Site) -> Finding:
    """Read the schedule and the checkpoint of the sweep."""
    rule = site.client("events").describe_rule(Name=site.physical(SCHEDULE))
    if rule["State"] != "ENABLED":
        return fails(f"the schedule {SCHEDULE} is {rule['State']}")
    table, now = site.physical(TABLE), site.time.now()
    found = site.client("dynamodb").get_item(TableName=table, Key=sweep_key(), ConsistentRead=True)
    if "Item" not in found:
        told = "the schedule is on, and the sweep has not begun a walk"
        is_new = site.facts.emulated or now - site.facts.deployed_at < _FIRST_RUN
        return (not_decidable if is_new else fails)(told)
    walk = WALK.read(found["Item"])
    told = f"today's walk has ended, with {walk.tokens} tokens of {walk.users} users"
    if not walk.is_done_for_today(now):
        age = walk.age(now)
        told = f"the last walk ended or began {age / _HOUR:.1f} hours ago"
        return judged(age <= _LONGEST_WALK, told)
    return holds(told)


def readers(site: Site) -> Finding:
    """Read the state of both readers of the table's stream."""
    states = [(name, _mapping(site, name)) for name in READERS]
    off = [f"{name} is {mapping['State']}" for name, mapping in states if mapping["State"] != "Enabled"]
    results = [(name, mapping.get("LastProcessingResult") or _GOOD_RESULTS[0]) for name, mapping in states]
    bad = [f"{name}: {result}" for name, result in results if not result.startswith(_GOOD_RESULTS)]
    return fails("; ".join(off + bad)) if off or bad else holds("both are on, and read without an error")


def _mapping(site: Site, name: str) -> Any:
    return site.client("lambda").get_event_source_mapping(UUID=site.physical(name))


def given_up(site: Site) -> Finding:
    """Count the messages in the dead-letter queues of the stack."""
    queues = site.names_of(_QUEUE)
    if not queues:
        return fails("the stack lacks its dead-letter queues")
    counts = {url.rpartition("/")[2]: _messages(site, url) for url in queues}
    full = [f"{count} messages in {name}" for name, count in counts.items() if count]
    return fails("; ".join(full)) if full else holds(f"{len(queues)} queues are empty")


def _messages(site: Site, url: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    read = site.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return int(read["Attributes"]["ApproximateNumberOfMessages"])


def history(site: Site) -> Finding:
    """Create a token, and find the event in the histories of the token and of the person."""
    made = site.create()
    for path in (f"/v1/tokens/{made.id}/events", "/v1/me/events"):
        events = site.call("GET", path, 200).json["events"]
        told = [event["type"] for event in events if event["token_id"] == made.id]
        if told != ["token.created"]:
            return fails(f"GET {path.replace(made.id, '{id}')} shows {', '.join(told) or 'no event of it'}")
    return holds("a new token is in both histories at once")


def bus(site: Site) -> Finding:
    """Find the bus to which the settings send events."""
    name = site.facts.settings.get("EVENT_BUS_NAME")
    if not name:
        return not_decidable("EVENT_BUS_NAME is empty, so events are not sent")
    try:
        site.client("events").describe_event_bus(Name=name)
    except ClientError as error:
        if error.response["Error"].get("Code") != "ResourceNotFoundException":
            raise
        return fails(f"the event bus {name} does not exist")
    return holds(f"the event bus {name} exists")


def mails(site: Site) -> Finding:
    """Read from SES if it may send from the address of the notices, and to every address."""
    sender = site.facts.settings.get("NOTICES_FROM")
    if not sender:
        return not_decidable("NOTICES_FROM is empty, so no mails are sent")
    ses = site.client("sesv2")
    # The identity is the address or its domain.
    verified = [_is_verified(ses, each) for each in (sender, sender.partition("@")[2])]
    if not any(verified):
        return fails(f"neither {sender} nor its domain is a verified identity of SES")
    account = ses.get_account()
    if not account.get("SendingEnabled"):
        return fails("SES has paused the sending of this account")
    if not account.get("ProductionAccessEnabled"):
        return fails("the account is in the sandbox of SES, so only verified addresses get mails")
    return holds(f"SES sends from {sender}")


def _is_verified(ses: Any, identity: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"))
    except ClientError as error:
        if error.response["Error"].get("Code") != "NotFoundException":
            raise
        return False


CHECKS = (
    Check("A change is in the history at once", history),
    Check("The sweep walks through all tokens every day", sweep),
    Check("Both readers of the table's stream are on", readers),
    Check("No record was given up (dead-letter queues)", given_up),
    Check("The bus of events exists", bus),
    Check("Owners get mails", mails),
)
