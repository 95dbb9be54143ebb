"""Where the lean client finds DynamoDB, and as whom it asks there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What Lambda sets, or what changes nothing about a call to DynamoDB. Any other setting of the SDK asks
# for something that only the SDK does: credentials that are refreshed, FIPS, dual stack, a CA bundle.
_UNDERSTOOD = re.compile(
    r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|SHARED_CREDENTIALS_FILE|REGION|DEFAULT_REGION|ACCOUNT_ID"
    r"|ENDPOINT_URL(_[A-Z0-9_]+)?|EXECUTION_ENV|EC2_METADATA_DISABLED|DISABLE_HOST_PREFIX_INJECTION"
    r"|(LAMBDA|XRAY)_[A-Z0-9_]+)"
)
_PROXY = re.compile(r"(https?|all)_proxy", re.IGNORECASE)
_NOTHING = ("", "/dev/null")  # the latter where a file of settings is asked for
_SNAP_START = "snap-start"

# The partitions whose endpoints are known to have the usual form.
_SUFFIXES = (
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]+"), "amazonaws.com"),
    (re.compile(r"cn-[a-z]+-[0-9]+"), "amazonaws.com.cn"),
)
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?")
_LOOPBACK = ("127.0.0.1", "localhost")
_PORTS = {"http": 80, "https": 443}
# Whatever else could end a header line.
_KEY_ID, _SECRET = re.compile(r"[A-Za-z0-9_]+"), re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Access:
    """An endpoint, and credentials that last as long as the process."""

    region: str
    scheme: str
    name: str
    port: int
    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    session_token: str = field(repr=False)

    @property
    def host(self) -> str:
        """The Host header: without the port where it is the scheme's own (RFC 9110 section 7.2)."""
        return self.name if self.port == _PORTS[self.scheme] else f"{self.name}:{self.port}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Access | None":
        """Return what a plain Lambda function has, or None where the SDK must see to it."""
        if not _is_plain_lambda(environ):
            return None
        region = environ.get("AWS_REGION", "")
        url = _URL.fullmatch(_endpoint(environ, region))
        key_id, secret, session_token = (
            environ.get(f"AWS_{name}", "")
            for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
        )
        if not (url and _KEY_ID.fullmatch(key_id) and _SECRET.fullmatch(secret)):
            return None
        scheme, name, port = url.groups()
        if not _SECRET.fullmatch(session_token) or (scheme == "http" and name not in _LOOPBACK):
            return None
        return cls(region, scheme, name, int(port or _PORTS[scheme]), key_id, secret, session_token)


def _is_plain_lambda(environ: Mapping[str, str]) -> bool:
    if "AWS_LAMBDA_FUNCTION_NAME" not in environ:
        return False
    if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == _SNAP_START:
        return False
    given = [name for name, value in environ.items() if value not in _NOTHING]
    return not any(_PROXY.fullmatch(name) for name in given) and all(
        _UNDERSTOOD.fullmatch(name) for name in given if name.startswith("AWS_")
    )


def _endpoint(environ: Mapping[str, str], region: str) -> str:
    """Return the URL that the SDK would use, or nothing where that takes more than a name."""
    suffix = next((suffix for pattern, suffix in _SUFFIXES if pattern.fullmatch(region)), None)
    if suffix is None:
        return ""
    named = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL")
    return named or f"https://dynamodb.{region}.{suffix}"
