"""The commands that `make run` prints, to be pasted into another terminal."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.environments import LOCAL_CLIENT, LOCAL_CLIENT_SECRET, OTHER_SERVICE
from infra.local.settings import DEFAULT_PORTS, StackSettings

_WITHOUT_TOKENS = """
Ready: {url}   (Ctrl-C stops it)

  Reference   {url}/docs
  Log         {log}{terminal}

AUTH_MODE=none: the API lets every caller in, and API tokens are not available.

  curl -sS {url}/api/whoami
"""

_FOREIGN_PROVIDER = """
Ready: {url}   (Ctrl-C stops everything)

  The page    {url}/settings/api-tokens
  Reference   {url}/docs
  Log         {log}{terminal}
  Mails       {mails}

OIDC_ISSUER is set, so the development provider does not run. Set JWT to a JWT of your provider:

  curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT"
"""

_WHOLE = """
Ready: {url}   (Ctrl-C stops everything. The state is kept in {state}.)

  The page    {url}/settings/api-tokens
  Reference   {url}/docs
  Log         {log}{terminal}
  Mails       {mails}

Sign in at the page as user@example.com, other@example.com or admin@example.com (an administrator).
Or paste these commands into another terminal, in this folder.

Sign in and create a token:

  field() {{ .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }}
  JWT=$({login} USER=user@example.com)
  CREATED=$(curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT" \\
    -H "Content-Type: application/json" -d '{{"name": "my laptop"}}')
  TOKEN=$(printf %s "$CREATED" | field token); ID=$(printf %s "$CREATED" | field id)

Call the protected API with the token. The list shows that the token was used:

  curl -sS {url}/api/whoami -H "Authorization: Bearer $TOKEN"
  curl -sS {url}/v1/tokens -H "Authorization: Bearer $JWT"

Rename, pause and re-activate the token:

  patch() {{ curl -sS -X PATCH "$1" -H "Authorization: Bearer $2" -d "$3" \\
    -H "Content-Type: application/json"; }}
  patch {url}/v1/tokens/$ID "$JWT" '{{"name": "old laptop"}}'
  patch {url}/v1/tokens/$ID "$JWT" '{{"status": "inactive"}}'
  patch {url}/v1/tokens/$ID "$JWT" '{{"status": "active"}}'

Revoke the token. The next call is refused:

  curl -sS -X DELETE {url}/v1/tokens/$ID -H "Authorization: Bearer $JWT"
  curl -sSi {url}/api/whoami -H "Authorization: Bearer $TOKEN"

Use OAuth 2.0: exchange the JWT for an API token, and introspect the token as a resource server. Exchange
it for an access token of five minutes, which another service verifies with the keys at
{url}/.well-known/jwks.json. Then revoke the token:

  TYPE=urn:ietf:params:oauth:token-type
  exchange() {{ curl -sS {url}/oauth2/token -d subject_token="$1" -d subject_token_type=$TYPE:$2 $3 $4 \\
    -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange; }}
  TOKEN=$(exchange "$JWT" id_token -d token_name=oauth | field access_token)
  curl -sS {url}/oauth2/introspect -u {client}:{secret} -d token="$TOKEN"
  exchange "$TOKEN" access_token -d audience={other}
  curl -sSi {url}/oauth2/revoke -d token="$TOKEN"
  curl -sS {url}/oauth2/introspect -u {client}:{secret} -d token="$TOKEN"

As the administrator, deactivate and re-activate the user:

  USER_ID=$(curl -sS {url}/v1/me -H "Authorization: Bearer $JWT" | field id)
  ADMIN=$({login} USER=admin@example.com)
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "inactive"}}'
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "active"}}'

As an operator, list the users and show one of them. No JWT is needed:

  {users}
  {users} ARGS="show $USER_ID"
"""


def guide(settings: StackSettings) -> str:
    """Return the commands for the ports and the mode in use."""
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
        mails=settings.mails,
        log=settings.log,
        terminal="" if settings.logs_in_terminal else "   (LOGS=1 shows it here)",
        client=LOCAL_CLIENT,
        secret=LOCAL_CLIENT_SECRET,
        other=OTHER_SERVICE,
    )


def _with_ports(command: str, ports: Mapping[str, int]) -> str:
    """Return a command with the ports that are not the default ones."""
    others = {name: port for name, port in ports.items() if port != DEFAULT_PORTS[name]}
    return "".join(f"{name}={port} " for name, port in others.items()) + command
