"""A REQUEST authorizer of a REST API for two kinds of bearer: API tokens, and the JWTs of people."""

import json
import os

import boto3
from people import policy_for_person

PREFIX = "bodhi_"
functions = boto3.client("lambda")


def handler(event, context):
    """Return the policy for a caller. API Gateway sends 401 for Exception("Unauthorized")."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    scheme, _, unverified_token = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and unverified_token.lstrip().startswith(PREFIX):
        return policy_for_token(event)
    return policy_for_person(event)


def policy_for_token(event):
    """Return the policy of the token service, unchanged. Its alias gets the event, unchanged."""
    name = os.environ["TOKEN_AUTHORIZER_ARN"]
    response = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    policy = json.load(response["Payload"])
    if "FunctionError" not in response:
        return policy
    if policy.get("errorMessage") == "Unauthorized":
        raise Exception("Unauthorized")
    # API Gateway sends 500 for any other error. It never lets the caller in.
    raise RuntimeError("The token service could not decide.")
