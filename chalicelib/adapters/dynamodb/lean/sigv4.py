"""AWS Signature Version 4, for the one form that a call to DynamoDB has.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from datetime import datetime

from chalicelib.adapters.dynamodb.lean.access import Access

_ALGORITHM = "AWS4-HMAC-SHA256"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_API = "DynamoDB_20120810"


class Signer:
    """A signer for one set of credentials. It derives the key of each day once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._day_and_key = ("", b"")

    def headers(self, operation: str, body: bytes, now: datetime) -> dict[str, str]:
        """Return the headers of a call at ``now`` (UTC). The signature is the last one."""
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        # In the order in which they are signed.
        headers = {
            "content-type": _CONTENT_TYPE,
            "host": self._access.host,
            "x-amz-date": moment,
            "x-amz-security-token": self._access.session_token,
            "x-amz-target": f"{_API}.{operation}",
        }
        names, scope = ";".join(headers), f"{moment[:8]}/{self._access.region}/dynamodb/aws4_request"
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signed = f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(moment[:8]), signed.encode(), "sha256").hex()
        headers["authorization"] = (
            f"{_ALGORITHM} Credential={self._access.key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _key(self, day: str) -> bytes:
        known, key = self._day_and_key
        if known != day:
            key = f"AWS4{self._access.secret}".encode()
            for part in (day, self._access.region, "dynamodb", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day_and_key = (day, key)
        return key
