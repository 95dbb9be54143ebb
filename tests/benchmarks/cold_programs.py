"""What processes do whose cold start is measured: a decision, and the least that any decision needs.

They see the package only, as Lambda does.
"""

import json
from collections.abc import Mapping

from tests.benchmarks.place import request_event
from tests.benchmarks.process import LAMBDA
from tests.packaging.dynamodb_stub import DynamoDBStub
from tests.packaging.fresh import ENVIRON

BARE, DECISION = "interpreter", "decision"
SDK, SDK_CALLS = "botocore and PyJWT", "botocore and PyJWT, with the two reads"
LEAN, LEAN_CALLS = "our client and PyJWT", "our client and bare cryptography, with the two reads"

_SDK = """
import os
import botocore.session
from botocore.config import Config
import jwt

config = Config(connect_timeout=0.5, read_timeout=2, tcp_keepalive=True,
                retries={"mode": "standard", "total_max_attempts": 2})
client = botocore.session.get_session().create_client("dynamodb", config=config)
"""
_LEAN = """
import os
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.lean.access import Access
from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB

client = LeanDynamoDB(Access.from_environ(os.environ), SystemClock())
"""
_READS = """
table, user, token = os.environ["TABLE_NAME"], os.environ["USER_ID"], os.environ["TOKEN_ID"]
(row,) = client.query(
    TableName=table, ConsistentRead=True, KeyConditionExpression="pk = :ring AND sk > :head",
    ExpressionAttributeValues={":ring": {"S": "KEYS"}, ":head": {"S": "#"}},
)["Items"]
secret = os.environ["CREDENTIAL"].removeprefix("bodhi_")
verify()
keys = [{"pk": {"S": f"U#{user}"}, "sk": {"S": sort}} for sort in (f"T#{token}", "#")]
client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
"""
_VERIFY_BY_PYJWT = """
def verify():
    key = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": row["x"]["S"], "y": row["y"]["S"]}).key
    jwt.decode(secret, key, algorithms=["ES256"], audience=os.environ["AUDIENCE"])
"""
_VERIFY_BARE = """
from base64 import urlsafe_b64decode as decode
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

def verify():
    x, y = (int.from_bytes(decode(row[name]["S"] + "="), "big") for name in "xy")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    message, _, signature = secret.rpartition(".")
    raw = decode(signature + "==")
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(der, message.encode(), ec.ECDSA(SHA256()))
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
PROGRAMS = {
    BARE: "",
    SDK: _SDK,
    SDK_CALLS: _SDK + _VERIFY_BY_PYJWT + _READS,
    LEAN: _LEAN + "import jwt",
    LEAN_CALLS: _LEAN + _VERIFY_BARE + _READS,
    DECISION: _DECISION,
}


def environ_of(stub: DynamoDBStub) -> Mapping[str, str]:
    """Return what the programs need to reach the stub."""
    return {
        **LAMBDA,
        **ENVIRON,
        "PATH": "/usr/bin:/bin",
        "AWS_ENDPOINT_URL": stub.url,
        "CREDENTIAL": stub.token,
        "USER_ID": stub.user_id,
        "TOKEN_ID": stub.token_id,
        "EVENT": json.dumps(request_event(stub.token)),
    }
