"""What to type next, printed when the local stack is up."""

from __future__ import annotations

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

As the administrator, deactivate the user and let them in again:

  USER_ID=$(curl -sS {url}/v1/me -H "Authorization: Bearer $JWT" | field id)
  ADMIN=$({login} USER=admin@example.com)
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "inactive"}}'
  patch {url}/v1/users/$USER_ID "$ADMIN" '{{"status": "active"}}'
"""


def guide(settings: StackSettings) -> str:
    """Return commands to paste, for the ports and the mode in use."""
    text = _WHOLE
    if not settings.with_tokens:
        text = _WITHOUT_TOKENS
    elif not settings.with_provider:
        text = _FOREIGN_PROVIDER
    state = settings.state_dir
    return text.format(url=settings.url, login=_login(settings), state=state)


def _login(settings: StackSettings) -> str:
    if settings.oidc_port == DEFAULT_PORTS["OIDC_PORT"]:
        return "make -s login"
    return f"OIDC_PORT={settings.oidc_port} make -s login"
