"""Fills the emulator's table with tokens, in batches over a bare connection: a million take minutes."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from urllib.parse import urlsplit

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.bootstrap import Service
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from tests.benchmarks.place import Place
from tests.support.builders import a_token, a_user

PARTITION = 10_000
"""How many tokens the one user has who is measured; all further tokens are other users', 100 each."""
_LIVE = 50
_TOKENS_OF_OTHERS = 100
# DynamoDB's own limit of a BatchWriteItem.
_BATCH = 25


def rows(service: Service, owner: User, start: int, end: int) -> Iterator[Item]:
    """Yield the rows that make a table of ``start`` tokens one of ``end``, made as they are needed."""
    for number in range(start, min(end, PARTITION)):
        yield items.TOKEN.item(_old_token(service, owner, number))
    other, now = owner, service.clock.now()
    for number in range(max(start, PARTITION), end):
        if other is owner or number % _TOKENS_OF_OTHERS == 0:
            other = a_user(f"user-{number}@example.com")
            yield items.USER.item(replace(other, live_tokens=_TOKENS_OF_OTHERS))
        yield items.TOKEN.item(a_token(other, now))


def fill(place: Place, wanted: Iterator[Item]) -> None:
    """Write rows; at most one batch of them is in this process's memory. Raises ValueError if refused."""
    with closing(http.client.HTTPConnection(urlsplit(place.running.endpoint).netloc, timeout=60)) as line:
        while batch := list(islice(wanted, _BATCH)):
            _write(line, place.table, batch)


def _old_token(service: Service, owner: User, number: int) -> Token:
    """Return one of many tokens over the years: nearly all are revoked by now, and none is purged yet."""
    now = service.clock.now()
    token = a_token(owner, now - timedelta(seconds=PARTITION - number))
    if number < _LIVE:
        return token
    return token.revoked(RevocationReason.OWNER, now, service.rules)


def _write(line: http.client.HTTPConnection, table: str, batch: Sequence[Item]) -> None:
    puts = [{"PutRequest": {"Item": item}} for item in batch]
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
        "Content-Type": "application/x-amz-json-1.0",
        # The emulator reads the service's name here and verifies nothing.
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=none",
    }
    line.request("POST", "/", json.dumps({"RequestItems": {table: puts}}), headers)
    response = line.getresponse()
    answer = response.read()
    if response.status != 200 or json.loads(answer).get("UnprocessedItems"):
        raise ValueError(f"the emulator refused a batch: {answer[:200]!r}")
