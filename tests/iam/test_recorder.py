"""The requests that the recorder reads off the wire."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.iam.policy import Request
from tests.iam.recorder import Recorder, dynamodb_requests
from tests.iam.stack import TABLE_ARN

KEY = {"pk": {"S": "U#1"}, "sk": {"S": "#"}}
DYNAMODB = "DynamoDB_20120810"


def asked(action: str, resource: str = TABLE_ARN, **context: list[str]) -> Request:
    """Return what IAM should be asked."""
    named = {f"dynamodb:{name}": values for name, values in context.items()}
    return Request.of(f"dynamodb:{action}", resource, named)


def body(**members: Any) -> dict[str, Any]:
    """Return a request on the table."""
    return {"TableName": "tokens", **members}


def test_conditions_name_attributes_as_updates_do() -> None:
    """Placeholders are looked up. Keywords, functions and values are not names."""
    update = body(
        Key=KEY,
        UpdateExpression="SET #a = if_not_exists (b, :c), d=:a REMOVE e ADD #f :one",
        ConditionExpression="attribute_exists(g) AND NOT begins_with(h, :in) and i BETWEEN :x AND :y",
        ExpressionAttributeNames={"#a": "state", "#f": "Set", "#unused": "nothing"},
        ReturnValues="ALL_NEW",
    )
    names = ["pk", "sk", "state", "b", "d", "e", "Set", "g", "h", "i"]
    expected = asked("UpdateItem", LeadingKeys=["U#1"], Attributes=names, ReturnValues=["ALL_NEW"])
    assert list(dynamodb_requests("UpdateItem", update)) == [expected]


def test_put_names_all_of_its_item() -> None:
    """With what its condition names besides."""
    put = body(Item={**KEY, "name": {"S": "x"}}, ConditionExpression="attribute_not_exists(expires_at)")
    names = ["pk", "sk", "name", "expires_at"]
    expected = asked("PutItem", LeadingKeys=["U#1"], Attributes=names)
    assert list(dynamodb_requests("PutItem", put)) == [expected]


def test_transaction_is_authorized_part_by_part() -> None:
    """IAM knows no TransactWriteItems."""
    parts = [
        {"Put": body(Item=KEY)},
        {"Update": body(Key=KEY, UpdateExpression="SET a = :a")},
        {"Delete": body(Key=KEY)},
        {"ConditionCheck": body(Key=KEY, ConditionExpression="b = :b")},
    ]
    found = list(dynamodb_requests("TransactWriteItems", {"TransactItems": parts}))
    enclosed: dict[str, Any] = {"LeadingKeys": ["U#1"], "EnclosingOperation": ["TransactWriteItems"]}
    assert found == [
        asked("PutItem", Attributes=["pk", "sk"], **enclosed),
        asked("UpdateItem", Attributes=["pk", "sk", "a"], **enclosed),
        asked("DeleteItem", Attributes=["pk", "sk"], **enclosed),
        asked("ConditionCheckItem", Attributes=["pk", "sk", "b"], **enclosed),
    ]


def test_batch_has_the_leading_keys_of_all() -> None:
    """One action on each table."""
    keys = [KEY, {"pk": {"S": "U#2"}, "sk": {"S": "#"}}]
    found = list(dynamodb_requests("BatchGetItem", {"RequestItems": {"tokens": {"Keys": keys}}}))
    assert found == [asked("BatchGetItem", LeadingKeys=["U#1", "U#2"], Attributes=["pk", "sk"])]


def test_query_of_an_index_asks_for_the_index() -> None:
    """By the index's own partition key; filters count, and where the page begins."""
    query = body(
        IndexName="users",
        KeyConditionExpression="#p = :users AND users_sk < :after",
        FilterExpression="email = :email",
        ExpressionAttributeNames={"#p": "users_pk"},
        ExpressionAttributeValues={":users": {"S": "USERS"}, ":after": {"S": "x"}},
        ExclusiveStartKey=KEY,
    )
    names = ["users_pk", "users_sk", "email", "pk", "sk"]
    expected = asked("Query", f"{TABLE_ARN}/index/users", LeadingKeys=["USERS"], Attributes=names)
    assert list(dynamodb_requests("Query", query)) == [expected]


def test_signature_has_the_keys_tags() -> None:
    """The key policy and ours speak of them."""
    recorder = Recorder(lambda key_id: (f"arn:{key_id}", {"owner": "me"}))
    sign = {"KeyId": "k", "Message": "x", "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    with recorder.running("f"):
        recorder.note("TrentService.Sign", json.dumps(sign).encode())
        recorder.note("TrentService.GetPublicKey", b'{"KeyId": "k"}')
    tags = {"aws:ResourceTag/owner": ["me"]}
    named = {"kms:MessageType": ["RAW"], "kms:SigningAlgorithm": ["ECDSA_SHA_256"]}
    assert list(recorder.requests["f"]) == [
        Request.of("kms:Sign", "arn:k", {**tags, **named}),
        Request.of("kms:GetPublicKey", "arn:k", tags),
    ]


def test_only_what_a_function_sends_is_kept_and_once() -> None:
    """The calls of a test itself belong to no function."""
    recorder = Recorder(lambda key_id: (key_id, {}))
    get = json.dumps(body(Key=KEY)).encode()
    recorder.note(f"{DYNAMODB}.GetItem", get)
    with recorder.running("one"):
        recorder.note(f"{DYNAMODB}.GetItem", get)
        with recorder.running("other"):
            pass
        recorder.note(f"{DYNAMODB}.GetItem", get)
    expected = asked("GetItem", LeadingKeys=["U#1"], Attributes=["pk", "sk"])
    assert {name: list(found) for name, found in recorder.requests.items()} == {
        "one": [expected],
        "other": [],
    }


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (f"{DYNAMODB}.ExecuteStatement", {"Statement": "SELECT *"}),
        (f"{DYNAMODB}.Scan", {"TableName": "tokens"}),
        (f"{DYNAMODB}.TransactWriteItems", {"TransactItems": [{"Other": {}}]}),
        ("AWSLambda.Invoke", {}),
    ],
)
def test_what_is_not_known_is_an_error(target: str, sent: Mapping[str, Any]) -> None:
    """A new kind of call has to be thought about, not passed over."""
    recorder = Recorder(lambda key_id: (key_id, {}))
    with recorder.running("f"), pytest.raises((ValueError, KeyError)):
        recorder.note(target, json.dumps(sent).encode())
