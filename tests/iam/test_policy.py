"""The evaluator itself, on cases whose answers the IAM User Guide gives."""

from typing import Any

import pytest

from tests.iam.policy import Request, Statement, allows
from tests.iam.stack import Stack

ROW = "arn:aws:dynamodb:us-east-1:123456789012:table/tokens"


def asked(action: str = "dynamodb:GetItem", resource: str = ROW, **context: list[str]) -> Request:
    """Return a request; two underscores in the name of a key stand for a colon."""
    return Request.of(action, resource, {key.replace("__", ":"): held for key, held in context.items()})


def statement(**changes: Any) -> Statement:
    """Return a statement that allows one action on one resource."""
    return {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": ROW, **changes}


def when(operator: str, *values: str, key: str = "k__k") -> Statement:
    """Return a statement with a condition."""
    return statement(Condition={operator: {key.replace("__", ":"): list(values)}})


def test_nothing_is_allowed_that_no_statement_names() -> None:
    """By default a request is denied."""
    assert not allows([], asked())
    assert allows([statement()], asked())
    assert not allows([statement()], asked("dynamodb:PutItem"))
    assert not allows([statement()], asked(resource=f"{ROW}/index/users"))


def test_deny_beats_allow_whatever_comes_first() -> None:
    """One denial is enough."""
    deny = statement(Effect="Deny")
    assert not allows([statement(), deny], asked())
    assert not allows([deny, statement()], asked())
    assert allows([statement(), statement(Effect="Deny", Action="dynamodb:PutItem")], asked())


def test_patterns_and_lists() -> None:
    """Actions are compared in any case, resources are not."""
    assert allows([statement(Action=["kms:Sign", "DynamoDB:get*"])], asked())
    assert allows([statement(Resource=["arn:aws:kms:*", f"{ROW[:-1]}?"])], asked())
    assert not allows([statement(Resource=ROW.upper())], asked())
    assert not allows([statement(Resource=ROW.replace(".", "x") + "[s]")], asked())


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", ["a*"], ["ab"], False),
        ("StringEquals", ["a"], [], False),
        ("StringEqualsIfExists", ["a"], [], True),
        ("StringEqualsIfExists", ["a"], ["b"], False),
        ("StringNotEquals", ["a", "b"], ["c"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", ["a"], [], True),
        ("StringLike", ["a*"], ["ab"], True),
        ("StringLike", ["a*"], ["ba"], False),
        ("ArnNotEquals", ["arn:1"], ["arn:2"], True),
        ("ArnNotEquals", ["arn:1"], ["arn:1"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        # The pitfall: what a request does not have cannot be wrong.
        ("ForAllValues:StringEquals", ["a", "b"], [], True),
        ("ForAllValues:StringLike", ["U#*"], ["U#1", "U#2"], True),
        ("ForAllValues:StringLike", ["U#*"], ["U#1", "KEYS"], False),
        ("Null", ["true"], [], True),
        ("Null", ["true"], ["a"], False),
        ("Null", ["false"], [], False),
        ("Null", ["false"], ["a", "b"], True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["a"], ["c"], False),
        ("ForAnyValue:StringEquals", ["a"], [], False),
        ("ForAnyValue:StringNotEquals", ["a"], [], False),
    ],
)
def test_conditions(operator: str, wanted: list[str], given: list[str], *, expected: bool) -> None:
    """Each operator, with a value, another one, and none."""
    assert allows([when(operator, *wanted)], asked(k__k=given)) is expected


def test_all_conditions_of_a_statement_have_to_hold() -> None:
    """Of one operator and of several."""
    both = statement(Condition={"StringEquals": {"a:a": "1", "b:b": "2"}, "StringLike": {"c:c": "3*"}})
    assert allows([both], asked(a__a=["1"], b__b=["2"], c__c=["34"]))
    assert not allows([both], asked(a__a=["1"], b__b=["3"], c__c=["34"]))
    assert not allows([both], asked(a__a=["1"], b__b=["2"], c__c=["4"]))


@pytest.mark.parametrize(
    "odd",
    [
        when("DateLessThan", "2026-01-01"),
        when("ForSomeValues:StringEquals", "a"),
        when("Null", "yes"),
        when("Null", "true", "false"),
        when("NullIfExists", "true"),
        when("ForAllValues:Null", "true"),
        statement(NotAction="kms:*"),
        statement(NotResource=ROW),
    ],
)
def test_what_is_not_understood_is_an_error(odd: Statement) -> None:
    """It is neither an allow nor a silent deny."""
    with pytest.raises(ValueError, match="not understood"):
        allows([odd], asked(k__k=["a"]))


def test_one_value_is_expected_where_no_set_operator_is() -> None:
    """AWS warns of comparing a list like that."""
    with pytest.raises(ValueError, match="compares one value"):
        allows([when("StringEquals", "a")], asked(k__k=["a", "b"]))


def test_intrinsics_are_resolved() -> None:
    """As CloudFormation does it, in both states of a condition."""
    template = {
        "Resource": {"Fn::GetAtt": ["TokenTable", "Arn"]},
        "Stack": {"Fn::Sub": "arn:${AWS::Partition}:${AWS::StackName}"},
        "Statement": [{"Fn::If": ["Given", {"Sid": {"Ref": "AWS::Region"}}, {"Ref": "AWS::NoValue"}]}],
    }
    values = {"AWS::Partition": "aws", "AWS::StackName": "s", "AWS::Region": "r", "TokenTable.Arn": ROW}
    resolved = {"Resource": ROW, "Stack": "arn:aws:s", "Statement": [{"Sid": "r"}]}
    assert Stack({"Given": True}, values).resolved(template) == resolved
    assert Stack({"Given": False}, values).resolved(template) == {**resolved, "Statement": []}
    member = {"Null": {"Fn::If": ["Given", {"k": "false"}, {"Ref": "AWS::NoValue"}]}, "StringLike": {}}
    assert Stack({"Given": True}, values).resolved(member) == {"Null": {"k": "false"}, "StringLike": {}}
    assert Stack({"Given": False}, values).resolved(member) == {"StringLike": {}}
    for unknown in ({"Ref": "Other"}, {"Fn::GetAtt": ["Other", "Arn"]}, {"Fn::Sub": "${Other}"}):
        with pytest.raises(KeyError):
            Stack({}, values).resolved(unknown)
