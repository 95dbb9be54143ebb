"""Signatures: the same as the SDK's for whatever is asked, whenever and wherever."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.lean.sigv4 import Signer
from tests.support.lean import an_access

REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-3", "cn-northwest-1"])
# The characters of base64 and more: whatever can stand in a header.
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
BODIES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
OPERATIONS = st.sampled_from(["BatchGetItem", "Query", "UpdateItem"])
PLACES = st.sampled_from(
    [
        ("https", "dynamodb.eu-west-1.amazonaws.com", 443),
        ("https", "vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com", 8443),
        ("http", "127.0.0.1", 4566),
        ("http", "localhost", 80),
    ]
)


def authorization(signer: Any, request: Any, now: datetime) -> str:
    """Return the header that the SDK's signer would add at a given time."""
    request.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["X-Amz-Security-Token"] = signer.credentials.token
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return str(request.headers["Authorization"])


@given(REGIONS, SECRETS, SECRETS, TIMES, BODIES, OPERATIONS, PLACES)
def test_signatures_are_the_sdks(
    region: str,
    secret: str,
    session_token: str,
    now: datetime,
    document: Any,
    operation: str,
    place: tuple[str, str, int],
) -> None:
    """Odd characters, session tokens, regions, days and ports change nothing about that."""
    scheme, name, port = place
    access = an_access(
        port, region=region, scheme=scheme, name=name, secret=secret, session_token=session_token
    )
    body = json.dumps({"RequestItems": document}).encode()
    headers = Signer(access).headers(operation, body, now)
    request = AWSRequest(
        method="POST",
        url=f"{scheme}://{name}:{port}/",
        data=body,
        headers={name: headers[name] for name in ("content-type", "x-amz-target")},
    )
    theirs = SigV4Auth(Credentials(access.key_id, secret, session_token), "dynamodb", region)
    assert headers["authorization"] == authorization(theirs, request, now)


def test_golden_signature() -> None:
    """One whole signature, written down, so that both could not change at once."""
    access = an_access(443, scheme="https", name="dynamodb.us-east-1.amazonaws.com")
    now = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    headers = Signer(access).headers("Query", b"{}", now)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=test/20260115/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
        "Signature=fbd6d3c27ab2a2843106cc1f7d15ad27c887c2c017ed728617feccacdf91a718"
    )


def test_a_new_day_has_a_key_of_its_own() -> None:
    """The kept key of yesterday signs nothing today, nor today's anything of yesterday."""
    signer, fresh = Signer(an_access(80)), Signer(an_access(80))
    today = datetime(2026, 1, 15, 23, 59, 59, tzinfo=UTC)
    for now in (today, today + timedelta(seconds=1), today):
        assert signer.headers("Query", b"{}", now) == Signer(an_access(80)).headers("Query", b"{}", now)
    assert fresh.headers("Query", b"{}", today) != signer.headers("Query", b"{}", today + timedelta(days=1))
