"""Taking policies apart, and finding what is missing and what is too much."""

from typing import Any

from tests.iam.grants import refused, taken_apart, unused
from tests.iam.policy import Request, Statement

TABLE = "arn:table"


def grant(actions: list[str], keys: list[str], attributes: list[str] | None = None) -> Statement:
    """Return a statement like ours."""
    conditions: dict[str, Any] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    if attributes:
        conditions["ForAllValues:StringEquals"] = {"dynamodb:Attributes": attributes}
    given = [f"dynamodb:{action}" for action in actions]
    return {"Sid": "S", "Effect": "Allow", "Action": given, "Resource": TABLE, "Condition": conditions}


def call(action: str, key: str, *attributes: str) -> Request:
    """Return a request like ours."""
    context = {"dynamodb:LeadingKeys": [key], "dynamodb:Attributes": list(attributes)}
    return Request.of(f"dynamodb:{action}", TABLE, context)


def test_each_action_and_leading_key_is_a_grant_of_its_own() -> None:
    """So that of two actions one cannot hide that the other needs less."""
    assert len(taken_apart([grant(["GetItem", "Query"], ["U#*", "S#*"])])) == 4


def test_whatever_no_call_needs_is_found() -> None:
    """An action, a leading key for one of two actions, an attribute."""
    calls = [call("UpdateItem", "U#1", "pk", "a"), call("UpdateItem", "S#1", "pk"), call("GetItem", "U#1")]
    exact = [
        grant(["UpdateItem"], ["U#*"], ["pk", "a"]),
        grant(["UpdateItem"], ["S#*"], ["pk"]),
        grant(["GetItem"], ["U#*"]),
    ]
    assert (unused(exact, calls), refused(exact, calls)) == ([], [])
    assert unused([*exact, grant(["PutItem"], ["U#*"])], calls) == ["S dynamodb:PutItem U#*"]
    wider = [grant(["UpdateItem"], ["U#*", "S#*"], ["pk", "a"]), grant(["GetItem"], ["U#*"])]
    assert unused(wider, calls) == ["S dynamodb:UpdateItem S#*: a"]
    assert unused([grant(["UpdateItem"], ["U#*"], ["pk", "a", "b"])], calls[:1]) == [
        "S dynamodb:UpdateItem U#*: b"
    ]


def test_what_another_statement_grants_already_is_found() -> None:
    """Of two that say the same either could go."""
    twice = [grant(["GetItem"], ["U#*"])] * 2
    assert unused([*map(dict, twice)], [call("GetItem", "U#1")]) == ["S dynamodb:GetItem U#*"] * 2


def test_calls_that_nothing_allows_are_found() -> None:
    """By action, key and attribute."""
    policy = [grant(["UpdateItem"], ["U#*"], ["pk", "a"])]
    wrong = [
        call("PutItem", "U#1", "pk"),
        call("UpdateItem", "S#1", "pk"),
        call("UpdateItem", "U#1", "pk", "b"),
    ]
    assert refused(policy, [*wrong, call("UpdateItem", "U#1", "pk")]) == wrong
