"""The second function behind the table's stream: ``chalicelib.handlers.events.publish_events``.

``infra/aws/package/pieces/events.yaml`` has its event source mapping, with the patterns of its records.
"""

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib import bootstrap, logs

bootstrap.start()


def publish_events(event: Mapping[str, Any], context: object) -> Mapping[str, Any]:
    """Send new events, and look after those that exist.

    Return the sequence number of the first record that failed. From there, Lambda delivers again.
    """
    records = event["Records"]
    with logs.entry("publish", request_id=getattr(context, "aws_request_id", None)) as entry:
        done = bootstrap.service().publish(records)
        entry.add(
            records=len(records),
            sent=done.sent,
            reused=done.reused,
            tampered=done.tampered,
            unreadable=done.unreadable,
            mails=done.mails.sent,
            lost_mails=done.mails.lost,
        )
        if done.unreadable or done.failed_at is not None:
            entry.add(outcome="error")
            entry.level = logging.ERROR
        if done.failed_at is None:
            return {"batchItemFailures": []}
        failed = records[done.failed_at]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": failed}]}
