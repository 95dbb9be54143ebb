"""A DynamoDB that knows one user, one token and one key, for a process that cannot have moto in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from chalicelib.adapters.api_token import ApiTokenSigner
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.domain.claims import Claims
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.tokens import TokenState
from tests.packaging.fresh import ENVIRON
from tests.support import canaries
from tests.support.builders import a_token, a_user
from tests.support.keys import LocalSigningKey


@dataclass
class DynamoDBStub:
    """Where it listens, the good token, and which calls came in."""

    url: str
    token: str
    user_id: str
    token_id: str
    calls: list[str] = field(default_factory=list)


@contextmanager
def dynamodb_stub(
    *, used_now: bool = False, state: TokenState = TokenState.ACTIVE
) -> Iterator[DynamoDBStub]:
    """Serve the three calls of a decision; a token that was used just now needs two.

    The sweep finds no checkpoint here.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    key, user = LocalSigningKey(), a_user()
    row = a_token(user, now, last_used_at=now if used_now else None, state=state)
    claims = Claims(user.id, row.id, now, row.scopes, None)
    token = ApiTokenSigner(key, ENVIRON["ISSUER"], ENVIRON["AUDIENCE"]).sign(claims)
    canaries.remember(token)
    primary_key = primary_keys.public_key_key(KeyUse.API_TOKEN, key.kid)
    key_row = primary_key | items.PUBLIC_KEY.item(key.public)
    answers = {
        "Query": {"Items": [key_row], "Count": 1, "ScannedCount": 1},
        "BatchGetItem": {
            "Responses": {ENVIRON["TABLE_NAME"]: [items.TOKEN.item(row), items.USER.item(user)]},
            "UnprocessedKeys": {},
        },
        "UpdateItem": {},
        # The sweep has no checkpoint yet.
        "GetItem": {},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            call = self.headers["X-Amz-Target"].partition(".")[2]
            stub.calls.append(call)
            body = json.dumps(answers[call]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub = DynamoDBStub(f"http://127.0.0.1:{server.server_port}", token, user.id, row.id)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
