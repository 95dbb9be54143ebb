"""Probes of the condition keys that AWS supplies.

A policy condition with ForAllValues is true if AWS does not supply a value. So the policies depend on keys
that AWS documents: "Using IAM policy conditions for fine-grained access control", DynamoDB Developer Guide.
Each probe is a session of a role made for the run, with one inline ``Null`` condition.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, not_decidable
from infra.aws.operate.verify.site import Site

LEADING, ATTRIBUTES = "dynamodb:LeadingKeys", "dynamodb:Attributes"
ENCLOSING = "dynamodb:EnclosingOperation"

_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# Writes have a condition that is never true, so that they never write.
_STOPPED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_NEVER = "attribute_exists(pk)"
_PROPAGATION_SECONDS = 90.0
_SESSION_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Probe:
    """A request whose permission depends on one condition key, and the expectation of the policies."""

    name: str
    key: str
    expected: bool
    action: str
    request: Callable[[Any, str, Mapping[str, Any]], object]
    """Takes a client, the table's name and the primary key of a row that does not exist."""


def _get(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.get_item(TableName=table, Key=key)


def _batch(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.batch_get_item(RequestItems={table: {"Keys": [key]}})


def _query(client: Any, table: str, key: Mapping[str, Any]) -> object:
    values = {":pk": key["pk"]}
    return client.query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values
    )


def _query_index(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.query(
        TableName=table,
        IndexName="users",
        KeyConditionExpression="users_pk = :pk",
        ExpressionAttributeValues={":pk": key["pk"]},
    )


def _put(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.put_item(TableName=table, Item={**key, "role": {"S": "x"}}, ConditionExpression=_NEVER)


def _changed(table: str, key: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET verified = :yes",
        "ConditionExpression": _NEVER,
        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
    }


def _update(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.update_item(**_changed(table, key))


def _update_in_transaction(client: Any, table: str, key: Mapping[str, Any]) -> object:
    return client.transact_write_items(TransactItems=[{"Update": _changed(table, key)}])


def _check_in_transaction(client: Any, table: str, key: Mapping[str, Any]) -> object:
    check = {"TableName": table, "Key": key, "ConditionExpression": _NEVER}
    return client.transact_write_items(TransactItems=[{"ConditionCheck": check}])


PROBES = (
    Probe("GetItem", LEADING, True, "GetItem", _get),
    Probe("BatchGetItem", LEADING, True, "BatchGetItem", _batch),
    Probe("Query", LEADING, True, "Query", _query),
    Probe("Query of the index", LEADING, True, "Query", _query_index),
    Probe("PutItem", LEADING, True, "PutItem", _put),
    Probe("UpdateItem", LEADING, True, "UpdateItem", _update),
    Probe("ConditionCheck", LEADING, True, "ConditionCheckItem", _check_in_transaction),
    Probe("PutItem", ATTRIBUTES, True, "PutItem", _put),
    Probe("UpdateItem", ATTRIBUTES, True, "UpdateItem", _update),
    Probe("Update in a transaction", ATTRIBUTES, True, "UpdateItem", _update_in_transaction),
    Probe("ConditionCheck", ATTRIBUTES, True, "ConditionCheckItem", _check_in_transaction),
    Probe("PutItem", ENCLOSING, False, "PutItem", _put),
    Probe("UpdateItem", ENCLOSING, False, "UpdateItem", _update),
    Probe("Update in a transaction", ENCLOSING, True, "UpdateItem", _update_in_transaction),
    Probe("ConditionCheck", ENCLOSING, True, "ConditionCheckItem", _check_in_transaction),
)


@dataclass(frozen=True, slots=True)
class Lab:
    """The role of the probes, and its sessions."""

    site: Site
    table: str
    arn: str
    role: str
    external_id: str = field(repr=False)

    def allows(self, probe: Probe, condition: Mapping[str, Any]) -> bool:
        """Return whether a session with this condition may make the probe's request."""
        session = self.site.client("sts").assume_role(
            RoleArn=self.role,
            RoleSessionName="verify",
            ExternalId=self.external_id,
            DurationSeconds=_SESSION_SECONDS,
            Policy=json.dumps(_policy([f"dynamodb:{probe.action}"], self.arn, condition)),
        )
        client = self.site.client("dynamodb", session["Credentials"])
        key = {"pk": {"S": f"V#{self.site.run_id}"}, "sk": {"S": "#"}}
        try:
            probe.request(client, self.table, key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _DENIED:
                return False
            if code not in _STOPPED:
                raise
        return True

    def supplied(self, probe: Probe) -> bool | None:
        """Return whether AWS supplies the key, or None if two opposite conditions have the same effect."""
        present, absent = (self.allows(probe, {"Null": {probe.key: null}}) for null in ("false", "true"))
        return None if present == absent else present

    def begins(self) -> bool:
        """Return whether the role can be used already. IAM needs seconds to distribute it."""
        try:
            return self.allows(PROBES[0], {})
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIED:
                return False
            raise


def probe(key: str, site: Site) -> Finding:
    """Make the requests of all probes for one key."""
    lab = site.shared.get("lab") or _lab(site)
    probes = [each for each in PROBES if each.key == key]
    found = {each: lab.supplied(each) for each in probes}
    if all(supplied is None for supplied in found.values()):
        return not_decidable("conditions of session policies have no effect here")
    if unclear := [each.name for each, supplied in found.items() if supplied is None]:
        return not_decidable(f"the probes contradict each other: {', '.join(unclear)}")
    wrong = [f"{each.name}: {_told(found[each])}" for each in probes if found[each] is not each.expected]
    if wrong:
        return fails(f"the policies expect otherwise: {'; '.join(wrong)}")
    return holds("; ".join(f"{each.name}: {_told(found[each])}" for each in probes))


def _told(supplied: bool | None) -> str:
    return "supplied" if supplied else "not supplied"


def _lab(site: Site) -> Lab:
    """Make the role and wait until it works. It is deleted in the end."""
    table = site.physical("TokenTable")
    arn: str = site.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    name, external_id = f"bodhi-verify-{site.run_id}", secrets.token_urlsafe(24)
    partition = arn.split(":")[1]
    root = f"arn:{partition}:iam::{site.facts.account}:root"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "sts:AssumeRole",
        # Other users of the account who may assume roles do not know it.
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    iam = site.client("iam")
    site.undo.add(f"the IAM role {name}", partial(_remove, iam, name))
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_document(trust)))
    actions = sorted({f"dynamodb:{each.action}" for each in PROBES})
    document = json.dumps(_policy(actions, arn, {}))
    iam.put_role_policy(RoleName=name, PolicyName="verify", PolicyDocument=document)
    lab = Lab(site, table, arn, made["Role"]["Arn"], external_id)
    if not site.wait_for(_PROPAGATION_SECONDS, lab.begins):
        raise Broken(f"the role of the probes does not work after {_PROPAGATION_SECONDS:g} s")
    site.shared["lab"] = lab
    return lab


def _policy(actions: list[str], arn: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": [arn, f"{arn}/index/*"]}
    return _document({**statement, "Condition": condition} if condition else statement)


def _document(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _remove(iam: Any, name: str) -> None:
    for remove in (
        partial(iam.delete_role_policy, RoleName=name, PolicyName="verify"),
        partial(iam.delete_role, RoleName=name),
    ):
        try:
            remove()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise


CHECKS = tuple(
    Check(f"AWS supplies {key} as the policies expect", partial(probe, key))
    for key in (LEADING, ATTRIBUTES, ENCLOSING)
)
