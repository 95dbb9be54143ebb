"""What the table's stream calls: ``chalicelib.handlers.flush.flush_authorizer_caches``.

``infra/aws/package/template.yaml`` has its mapping, with the patterns of the records that it gets.
Chalice's own ``on_dynamodb_record`` knows neither patterns nor the stream of a table that the same
template makes.
"""

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib import bootstrap, logs


def flush_authorizer_caches(event: Mapping[str, Any], context: Any) -> None:
    """Let the gateways decide anew after a revocation, a pause, a deactivation and their opposites.

    Raises DependencyUnavailable so that Lambda hands the same records on again.
    """
    records = event["Records"]
    with logs.request(getattr(context, "aws_request_id", None)), logs.entry("flush") as entry:
        done = bootstrap.service().flush(records)
        entry.add(records=len(records), changes=done.changes, flushed=sorted(done.flushed))
        entry.add(left_to_others=sorted(done.left_to_others), failed=sorted(done.failures))
        entry.add(left_to_ttl=sorted(done.left_to_ttl), calls=done.calls)
        entry.add(pace=done.pace.value if done.pace else None)
        if done.postponed:
            entry.add(outcome="postponed")
        if done.failures:
            entry.add(outcome="error")
            entry.level = logging.ERROR
        if done.worth_retrying:
            raise done.worth_retrying
