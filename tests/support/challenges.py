"""The challenges of the usual test service, and a reader of challenges that knows only the RFCs."""

import re

RESOURCE_METADATA = "https://api.example.com/.well-known/oauth-protected-resource/api"
DEFAULT_SCOPES = "api:read api:write"

# Written out, so that a change of one is a change here.
BARE = 'Bearer realm="bodhi-api-tokens"'
_LEADING = f'resource_metadata="{RESOURCE_METADATA}"'
NO_TOKEN = f'{BARE}, scope="{DEFAULT_SCOPES}", {_LEADING}'
INVALID_TOKEN = f'{BARE}, error="invalid_token", scope="{DEFAULT_SCOPES}", {_LEADING}'
FORBIDDEN = f"{BARE}, {_LEADING}"
WRITE_NEEDED = f'{BARE}, error="insufficient_scope", scope="api:write", {_LEADING}'

# An auth-param (RFC 9110 section 11.2) with a quoted-string (section 5.6.4), whose content is a group.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*)"'
_PARAMETER = re.compile(rf"({_TOKEN})={_QUOTED}")


def parameters(challenge: str) -> dict[str, str]:
    """Return the parameters of a Bearer challenge. Fail for a header that is not one."""
    scheme, _, rest = challenge.partition(" ")
    assert scheme == "Bearer", challenge
    found: dict[str, str] = {}
    while rest:
        read = _PARAMETER.match(rest)
        assert read, f"not a parameter: {rest}"
        name, value = read.groups()
        assert name not in found, f"{name} comes twice"
        found[name] = re.sub(r"\\(.)", r"\1", value)
        rest = rest[read.end() :]
        assert not rest or rest.startswith(", "), f"not a separator: {rest}"
        rest = rest.removeprefix(", ")
    return found
