"""The rights that a function has only if it sends mails to owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.aws.package.functions import Resource

_RECORD = ("pk", "sk", "purge_at", "sent", "told", "write_id")


def sends_mails(sender: str) -> Mapping[str, Any]:
    """Return the right to send mails from one address."""
    return {
        "Sid": "MailNotices",
        "Effect": "Allow",
        "Action": ["ses:SendEmail"],
        # The identity is the address or its domain.
        "Resource": {"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"},
        "Condition": {"StringEquals": {"ses:FromAddress": sender}},
    }


def finds_recipients() -> Sequence[Mapping[str, Any]]:
    """Return the rights to read users and tokens by their ids, and to record the urgent mails of a day."""
    return [
        _on_users("ReadOwnersAndTheirMails", "GetItem", {}),
        _on_users(
            "RecordUrgentMails",
            "UpdateItem",
            {"ForAllValues:StringEquals": {"dynamodb:Attributes": list(_RECORD)}},
        ),
    ]


def with_rights(role: Resource, statements: Sequence[Mapping[str, Any]]) -> Resource:
    """Return the role of a function with further statements in its one policy."""
    (policy,) = role["Properties"]["Policies"]
    document = policy["PolicyDocument"]
    documented = {**document, "Statement": [*document["Statement"], *statements]}
    policies = [{**policy, "PolicyDocument": documented}]
    return {**role, "Properties": {**role["Properties"], "Policies": policies}}


def _on_users(sid: str, action: str, condition: Mapping[str, Any]) -> Mapping[str, Any]:
    keys = ["dynamodb:LeadingKeys", *(key for each in condition.values() for key in each)]
    checks = {**dict.fromkeys(keys, "false"), "dynamodb:EnclosingOperation": "true"}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"dynamodb:{action}"],
        "Resource": {"Fn::GetAtt": ["TokenTable", "Arn"]},
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["U#*"]},
            **condition,
            "Null": {"Fn::If": ["NullChecksAreOn", checks, {"Ref": "AWS::NoValue"}]},
        },
    }
