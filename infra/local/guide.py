"""What to type next, printed when the local stack is up."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.environments import LOCAL_CLIENT, LOCAL_CLIENT_SECRET, OTHER_SERVICE
from infra.local.settings import DEFAULT_PORTS, StackSettings

_WITHOUT_TOKENS = """
Ready: {url}   (Ctrl-C stops it)

AUTH_MODE=none: anybody may call the API and API tokens are not available.

  curl -sS {url}/api/whoami
"""

_FOREIGN_PROVIDER = """
Ready: {url}   (Ctrl-C stops everything)

OIDC_ISSUER is set, so the development provider was not started. With a JWT of yours:

  curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT"
"""

_WHOLE = """
Ready: {url}   (Ctrl-C stops everything; what you make is kept in {state})

Open {url}/settings/api-tokens in a browser and sign in as user@example.com, other@example.com or
admin@example.com (an administrator); or paste into another terminal, in this folder.

First sign in and create a token:

  field() {{ .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }}
  JWT=$({login} USER=user@example.com)
  CREATED=$(curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT" \\
    -H "Content-Type: application/json" -d '{{"name": "my laptop"}}')
  TOKEN=$(printf %s "$CREATED" | field token); ID=$(printf %s "$CREATED" | field id)

Call the protected API with it, and see it listed as used:

  curl -sS {url}/api/whoami -H "Authorization: Bearer $TOKEN"
  curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT"

Rename it, pause it, re-activate it:

  patch() {{ curl -sS -X PATCH "$1" -H "Authorization: Bearer $2" -d "$3" \\
    -H "Content-Type: application/json"; }}
  patch {url}/v1/tokens/$ID "$JWT" '{{"name": "old laptop"}}'
  patch {url}/v1/tokens/$ID "$JWT" '{{"status": "inactive"}}'
  patch {url}/v1/tokens/$ID "$JWT" '{{"status": "active"}}'

Revoke it, and see the next call refused:

  curl -sS -X DELETE {url}/v1/tokens/$ID -H "Authorization: Bearer $JWT"
  curl -sSi {url}/api/whoami -H "Authorization: Bearer $TOKEN"

The same by OAuth 2.0: exchange a sign-in for an API token, look at it as a resource server, exchange it
for a five-minute access token that another service verifies by {url}/.well-known/jwks.json, revoke it:

  TYPE=urn:ietf:params:oauth:token-type
  exchange() {{ curl -sS {url}/oauth2/token -d subject_token="$1" -d subject_token_type=$TYPE:$2 $3 $4 \\
    -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange; }}
  TOKEN=$(exchange "$JWT" id_token -d token_name=oauth | field access_token)
  curl -sS {url}/oauth2/introspect -u {client}:{secret} -d token="$TOKEN"
  exchange "$TOKEN" access_token -d audience={other}
  curl -sSi {url}/oauth2/revoke -d token="$TOKEN"
  curl -sS {url}/oauth2/introspect -u {client}:{secret} -d token="$TOKEN"

As the administrator, deactivate the user and let them in again:

  USER_ID=$(curl -sS {url}/v1/me -H "Authorization: Bearer $JWT" | field id)
  ADMIN=$({login} USER=admin@example.com)
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "inactive"}}'
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "active"}}'

As an operator, list the users and see one of them, without a JWT:

  {users}
  {users} ARGS="show $USER_ID"
"""


def guide(settings: StackSettings) -> str:
    """Return commands to paste, for the ports and the mode in use."""
    text = _WHOLE
    if not settings.with_tokens:
        text = _WITHOUT_TOKENS
    elif not settings.with_provider:
        text = _FOREIGN_PROVIDER
    return text.format(
        url=settings.url,
        login=_with_ports("make -s login", {"OIDC_PORT": settings.oidc_port}),
        users=_with_ports("make -s users", settings.ports_in_use()),
        state=settings.state_dir,
        client=LOCAL_CLIENT,
        secret=LOCAL_CLIENT_SECRET,
        other=OTHER_SERVICE,
    )


def _with_ports(command: str, ports: Mapping[str, int]) -> str:
    """Return a command with the settings of ports that are not the default ones."""
    others = {name: port for name, port in ports.items() if port != DEFAULT_PORTS[name]}
    return "".join(f"{name}={port} " for name, port in others.items()) + command
