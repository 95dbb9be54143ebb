"""The function behind the table's stream: ``chalicelib.handlers.flush.flush_authorizer_caches``.

``infra/aws/package/template.yaml`` has its event source mapping, with the patterns of its records.
"""

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib import bootstrap, logs

bootstrap.start()


def flush_authorizer_caches(event: Mapping[str, Any], context: object) -> None:
    """Flush the caches of the gateways after changes that decisions depend on.

    Raises DependencyUnavailable, so that Lambda sends the same records again.
    """
    records = event["Records"]
    with logs.entry("flush", request_id=getattr(context, "aws_request_id", None)) as entry:
        done = bootstrap.service().flush(records)
        entry.add(
            records=len(records),
            changes=done.changes,
            flushed=sorted(done.flushed),
            left_to_others=sorted(done.left_to_others),
            failed=sorted(done.failures),
            left_to_ttl=sorted(done.left_to_ttl),
            calls=done.calls,
            pace=done.pace.value if done.pace else None,
        )
        if done.postponed:
            entry.add(outcome="postponed")
        if done.failures:
            entry.add(outcome="error")
            entry.level = logging.ERROR
        if done.worth_retrying:
            raise done.worth_retrying
