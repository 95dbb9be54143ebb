"""The endpoint and the credentials of the lean client."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from chalicelib.domain.frozen import Frozen, field

# Variables that Lambda sets, or that do not change a call to DynamoDB. Any other variable of the SDK asks
# for something that only the SDK does: credentials that are refreshed, FIPS, dual stack, a CA bundle.
_UNDERSTOOD = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_ACCOUNT_ID",
        "AWS_DEFAULT_REGION",
        "AWS_DISABLE_HOST_PREFIX_INJECTION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
)
_UNDERSTOOD_BEGINNINGS = ("AWS_ENDPOINT_URL_", "AWS_LAMBDA_", "AWS_XRAY_")
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_NOTHING = ("", "/dev/null")  # the latter for a file of settings
_FUNCTION_NAME, _INITIALIZATION = "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_INITIALIZATION_TYPE"
_SNAP_START = "snap-start"

# The partitions whose endpoints are known to have the usual form.
_SUFFIXES = (
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]+"), "amazonaws.com"),
    (re.compile(r"cn-[a-z]+-[0-9]+"), "amazonaws.com.cn"),
)
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?")
_LOOPBACK = ("127.0.0.1", "localhost")
_PORTS = {"http": 80, "https": 443}
# No other character, because it could end a header line.
_SECRET = re.compile(r"[!-~]+")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": re.compile(r"[A-Za-z0-9_]+"),
    "AWS_SECRET_ACCESS_KEY": _SECRET,
    "AWS_SESSION_TOKEN": _SECRET,
}


class LeftToSdk(Frozen):
    """Only the SDK can call DynamoDB here. ``variable`` is the environment variable that shows it."""

    variable: str


class Access(Frozen):
    """An endpoint, and credentials that are valid as long as the process runs."""

    region: str
    scheme: str
    name: str
    port: int
    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    session_token: str = field(repr=False)

    @property
    def host(self) -> str:
        """The Host header. The default port of the scheme is left out (RFC 9110 section 7.2)."""
        return self.name if self.port == _PORTS[self.scheme] else f"{self.name}:{self.port}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Access | LeftToSdk":
        """Return the access of a plain Lambda function, or the variable that leaves it to the SDK."""
        variable = next(chain(_foreign(environ), _unusable(environ)), None)
        if variable:
            return LeftToSdk(variable)
        scheme, name, port = _parts(_endpoint(environ)[1])
        key_id, secret, session_token = (environ[each] for each in _CREDENTIALS)
        return cls(environ["AWS_REGION"], scheme, name, port, key_id, secret, session_token)


def _foreign(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that a plain Lambda function lacks, or has with another value."""
    if _FUNCTION_NAME not in environ:
        yield _FUNCTION_NAME
    if environ.get(_INITIALIZATION) == _SNAP_START:
        yield _INITIALIZATION
    for name, value in environ.items():
        is_understood = name in _UNDERSTOOD or name.startswith(_UNDERSTOOD_BEGINNINGS)
        is_foreign = name.startswith("AWS_") and not is_understood
        if value not in _NOTHING and (is_foreign or name.lower() in _PROXIES):
            yield name


def _unusable(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that a call needs, if they are missing or invalid."""
    for name, form in _CREDENTIALS.items():
        if not form.fullmatch(environ.get(name, "")):
            yield name
    if _suffix(environ) is None:
        yield "AWS_REGION"
    variable, url = _endpoint(environ)
    scheme, host, _ = _parts(url)
    if not scheme or (scheme == "http" and host not in _LOOPBACK):
        yield variable


def _suffix(environ: Mapping[str, str]) -> str | None:
    """Return the domain of the region's partition, or None if it is not known."""
    region = environ.get("AWS_REGION", "")
    return next((suffix for pattern, suffix in _SUFFIXES if pattern.fullmatch(region)), None)


def _endpoint(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the URL that the SDK would use, and the variable that it comes from."""
    for variable in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"):
        if environ.get(variable):
            return variable, environ[variable]
    return "AWS_REGION", f"https://dynamodb.{environ.get('AWS_REGION', '')}.{_suffix(environ)}"


def _parts(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, or empty values if it has another form."""
    match = _URL.fullmatch(url)
    if match is None:
        return "", "", 0
    scheme, host, port = match.groups()
    return scheme, host, int(port or _PORTS[scheme])
