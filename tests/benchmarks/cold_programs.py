"""Programs whose cold start is measured: a decision, and the least that any decision needs.

They see the package only, as Lambda does. The floors import nothing of the project.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.place import list_event, request_event
from tests.benchmarks.process import LAMBDA
from tests.packaging.dynamodb_stub import DynamoDBStub
from tests.packaging.fresh import ENVIRON

INTERPRETER, DECISION = "an interpreter that does nothing", "first decision"
LIST, LIST_BY_BOTO3 = "first `GET /v1/tokens`", "first `GET /v1/tokens` by boto3's client"
AFTER_RUNTIME = " after the modules that Lambda's runtime loads"
BARE, BOTO3 = "cryptography and a bare socket", "cryptography and boto3's client"
USUAL = "the usual authorizer"
CONTEXT, BARE_CONTEXT = "authorities of a decision", "authorities of certifi"

_BESIDE = Path(__file__).parent
_BARE = (_BESIDE / "bare.py").read_text(encoding="utf-8")

_BOTO3 = """
import boto3

client = boto3.client("dynamodb")
calls = {"Query": client.query, "BatchGetItem": client.batch_get_item}
decision(lambda operation, **request: calls[operation](**request), dict(os.environ))
"""
_USUAL = """
import json, os
from cryptography.hazmat.primitives.serialization import load_pem_public_key

environ = os.environ
key = load_pem_public_key(environ["PUBLIC_KEY"].encode())
where = {"endpoint": environ["AWS_ENDPOINT_URL"]}
authorizer = UsualAuthorizer(environ["TABLE_NAME"], key, environ["ISSUER"], environ["AUDIENCE"], **where)
event = json.loads(environ["EVENT"])
event["authorizationToken"] = event["headers"]["Authorization"]
assert authorizer(event, None)["principalId"] == environ["USER_ID"]
"""
_DECISION = """
import json
import os
from chalicelib.handlers.authorizer import api_token_authorizer

class Context:
    aws_request_id = "request-7"

event = json.loads(os.environ["EVENT"])
assert api_token_authorizer(event, Context())["principalId"] == os.environ["USER_ID"]
"""
_LIST = """
import json
import os
{settings}
import app

class Context:
    aws_request_id = "request-7"

response = app.app(json.loads(os.environ["LIST_EVENT"]), Context())
assert response["statusCode"] == 200 and os.environ["TOKEN_ID"] in response["body"]
"""
# The bootstrap of Lambda's runtime imports them first (aws/aws-lambda-python-runtime-interface-client).
_RUNTIME = "import importlib, json, logging, os, sys, time, traceback\n"
# The module of TLS itself is loaded before, because both clients need it.
_CONTEXT = """
import ssl, time
{imports}
began = time.process_time()
{made}
CPU = time.process_time() - began
"""
PROGRAMS = {
    INTERPRETER: "",
    BARE: _BARE,
    BOTO3: _BARE.partition("if __name__")[0] + _BOTO3,
    USUAL: (_BESIDE / "usual_authorizer.py").read_text(encoding="utf-8") + _USUAL,
    DECISION: _DECISION,
    f"{BARE}{AFTER_RUNTIME}": _RUNTIME + _BARE,
    f"{DECISION}{AFTER_RUNTIME}": _RUNTIME + _DECISION,
    LIST: _LIST.format(settings=""),
    # The one kind of function that leaves the calls to the SDK, and nothing else.
    LIST_BY_BOTO3: _LIST.format(settings='os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"'),
}
PROGRAMS_OVER_TLS = {
    **{name: PROGRAMS[name] for name in (BARE, BOTO3, DECISION)},
    BARE_CONTEXT: _CONTEXT.format(
        imports="", made='ssl.create_default_context(cafile="certifi/cacert.pem")'
    ),
    CONTEXT: _CONTEXT.format(
        imports="from chalicelib.adapters.dynamodb.lean.trust import Trust", made="Trust.of('us-east-1')"
    ),
}


def environ_of(stub: DynamoDBStub) -> Mapping[str, str]:
    """Return what the programs need to reach the stub."""
    return {
        **LAMBDA,
        **ENVIRON,
        "PATH": "/usr/bin:/bin",
        "AWS_ENDPOINT_URL": stub.url,
        "CREDENTIAL": stub.token,
        "PUBLIC_KEY": stub.public_key,
        "USER_ID": stub.user_id,
        "TOKEN_ID": stub.token_id,
        "EVENT": json.dumps(request_event(stub.token)),
        "LIST_EVENT": json.dumps(list_event(stub.cookie)),
    }
