"""The authorizer as it is usually written: PyJWT, boto3's resource, two reads and a write per call.

The baseline. It has what most have: one key known at start, each row read by itself, the last use written
at every request, whatever became of the row meanwhile.
"""

import time
from typing import Any

import boto3
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


class UsualAuthorizer:
    """Decides about the same tokens in the same table."""

    def __init__(
        self,
        table: str,
        key: EllipticCurvePublicKey,
        issuer: str,
        audience: str,
        *,
        endpoint: str,
        consistent: bool = True,
    ) -> None:
        self._table = boto3.resource("dynamodb", endpoint_url=endpoint).Table(table)
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._consistent = consistent

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Return a policy. Raises Exception("Unauthorized")."""
        token = event["authorizationToken"].removeprefix("Bearer ").removeprefix("bodhi_")
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["ES256"], issuer=self._issuer, audience=self._audience
            )
        except jwt.InvalidTokenError:
            raise Exception("Unauthorized") from None
        row = self._get(claims["sub"], f"T#{claims['jti']}")
        owner = self._get(claims["sub"], "#")
        now = int(time.time() * 1000)
        if not self._usable(row, owner, now):
            raise Exception("Unauthorized")
        self._table.update_item(
            Key={"pk": row["pk"], "sk": row["sk"]},
            UpdateExpression="SET last_used_at = :now",
            ExpressionAttributeValues={":now": now},
        )
        return self._policy(row, owner, event["methodArn"])

    def _get(self, user_id: str, sort_key: str) -> dict[str, Any]:
        key = {"pk": f"U#{user_id}", "sk": sort_key}
        return self._table.get_item(Key=key, ConsistentRead=self._consistent).get("Item", {})

    @staticmethod
    def _usable(row: dict[str, Any], owner: dict[str, Any], now: int) -> bool:
        return (
            row.get("state") == "active"
            and owner.get("status") == "active"
            and row["generation"] == owner["generation"]
            and row["idle_at"] > now
        )

    @staticmethod
    def _policy(row: dict[str, Any], owner: dict[str, Any], method_arn: str) -> dict[str, Any]:
        api_and_stage = "/".join(method_arn.split("/")[:2])
        statement = {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": [f"{api_and_stage}/*/*"],
        }
        return {
            "principalId": owner["pk"].removeprefix("U#"),
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"token_id": row["sk"].removeprefix("T#"), "scopes": row["scope"]},
        }
