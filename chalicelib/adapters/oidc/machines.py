"""Marks of JWTs that belong to a machine, from the documentation of providers or public samples.

A mark is a value that a person cannot have. See docs/providers.md.
"""

from collections.abc import Mapping
from typing import Any

Claims = Mapping[str, Any]

_CLIENT_CLAIMS = ("client_id", "cid", "azp", "appid")
_GITLAB_JOB = frozenset({"job_id", "pipeline_id", "project_path"})
_AUTH0_SUFFIX = "@clients"
_KEYCLOAK_PREFIX = "service-account-"


def is_machine(claims: Claims) -> bool:
    """Return whether verified claims belong to a machine."""
    clients = {claims[name] for name in _CLIENT_CLAIMS if isinstance(claims.get(name), str)}
    return (
        _is_its_own_client(claims, clients)
        or _is_keycloak_service_account(claims, clients)
        or _is_cognito_client(claims)
        or _is_entra_application(claims)
        or _has_client_grant(claims)
        # A GitLab job chooses its audience, and has the groups of the person who started it.
        or claims.keys() >= _GITLAB_JOB
    )


def _is_its_own_client(claims: Claims, clients: set[str]) -> bool:
    """Return whether the subject is the client (RFC 9068 section 2.2; Okta, Authelia, Google, Auth0)."""
    subject = claims.get("sub")
    return isinstance(subject, str) and bool({subject, subject.removesuffix(_AUTH0_SUFFIX)} & clients)


def _is_keycloak_service_account(claims: Claims, clients: set[str]) -> bool:
    name = claims.get("preferred_username")
    return isinstance(name, str) and name in {_KEYCLOAK_PREFIX + client.lower() for client in clients}


def _is_cognito_client(claims: Claims) -> bool:
    """Return whether a Cognito access token lacks the user name that people's access tokens have."""
    return claims.get("token_use") == "access" and "username" not in claims


def _is_entra_application(claims: Claims) -> bool:
    """Return whether an Entra access token belongs to an application.

    The optional claim ``idtyp`` decides. Without it, an application has ``oid`` equal to ``sub`` and does
    not have ``scp``. People at B2C have equal values too, but their ID tokens do not name a client.
    """
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind != "user")
    is_entra_access_token = "tid" in claims and not {"azp", "appid"}.isdisjoint(claims)
    is_own_object = "oid" in claims and bool(claims["oid"] == claims.get("sub"))
    return is_entra_access_token and is_own_object and "scp" not in claims


def _has_client_grant(claims: Claims) -> bool:
    """Return whether the JWT names the client credentials grant, as Auth0 does."""
    grants = claims.get("gty")
    named = grants if isinstance(grants, list) else str(grants or "").split()
    return any(str(grant).replace("_", "-") == "client-credentials" for grant in named)
