"""The least that a decision needs: one verification, and two reads over a bare socket.

It imports nothing of the project, so that no cost of ours is part of a floor. A cold start runs this file
as a program. Warm decisions are compared with its parts.
"""

import json
import os
import socket
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


class BareSocket:
    """Calls without a signature, a time limit, a repeat or a check. ``authorities`` is a file, for TLS."""

    def __init__(self, url: str, authorities: str | None = None) -> None:
        scheme, _, address = url.partition("://")
        self._host, _, port = address.partition(":")
        self._socket = socket.create_connection((self._host, int(port)))
        if scheme == "https":
            import ssl

            context = ssl.create_default_context(cafile=authorities)
            self._socket = context.wrap_socket(self._socket, server_hostname=self._host)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Return the response to one call."""
        body = json.dumps(request).encode()
        head = f"POST / HTTP/1.1\r\nHost: {self._host}\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n"
        self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65_536)
        first, _, content = received.partition(b"\r\n\r\n")
        length = int(first.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(content) < length:
            content += self._socket.recv(65_536)
        response: dict[str, Any] = json.loads(content)
        return response

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


def verification(token: str, key: EllipticCurvePublicKey) -> Callable[[], object]:
    """Return a bare ES256 verification of the token, with nothing left to decode."""
    message, _, signature = token.removeprefix("bodhi_").rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    data, der, algorithm = message.encode(), encode_dss_signature(r, s), ECDSA(SHA256())
    return lambda: key.verify(der, data, algorithm)


def decision(call: Callable[..., dict[str, Any]], environ: dict[str, str]) -> None:
    """Load the key, verify the token of the environment and read its two rows. Judge nothing."""
    table, user, token = environ["TABLE_NAME"], environ["USER_ID"], environ["TOKEN_ID"]
    rows = call(
        "Query",
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :ring AND sk > :head",
        ExpressionAttributeValues={":ring": {"S": "KEYS"}, ":head": {"S": "#"}},
    )["Items"]
    x, y = (int.from_bytes(urlsafe_b64decode(rows[0][name]["S"] + "="), "big") for name in "xy")
    key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    verification(environ["CREDENTIAL"], key)()
    keys = [{"pk": {"S": f"U#{user}"}, "sk": {"S": sort}} for sort in (f"T#{token}", "#")]
    call("BatchGetItem", RequestItems={table: {"Keys": keys, "ConsistentRead": True}})


if __name__ == "__main__":
    decision(
        BareSocket(os.environ["AWS_ENDPOINT_URL"], "certifi/cacert.pem").call,
        dict(os.environ),
    )
