"""The settings that belong to the OpenID provider. Each function reads and checks one."""

import re
from typing import TYPE_CHECKING

from chalicelib.settings.reading import URL_PATTERN, Reader

if TYPE_CHECKING:
    from chalicelib.domain.admin_claims import AdminClaim

_DISCOVERY = "/.well-known/openid-configuration"
_SCOPES = "openid profile email"
_KINDS = frozenset({"id", "access"})
# IAM compares complete ARNs, and Secrets Manager ends each by six characters of its own.
_STORED_AT = (
    r"arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)"
)
_STORED_AT_EXAMPLE = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bodhi/oidc-a1B2c3"
# Addresses of Microsoft Entra that stand for every tenant, and placeholders of documentation.
_MANY_TENANTS = re.compile(r"^/(common|organizations|consumers)(/v2\.0)?/*$|[{}<>]|%7B", re.IGNORECASE)
_ONE_TENANT_EXAMPLE = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
# RFC 8615 keeps this path for documents, so an issuer never has it.
_WELL_KNOWN = re.compile(r"/\.well-known(/|$)", re.IGNORECASE)


def read_issuer(read: Reader) -> str:
    """Return the provider's issuer, exactly as ``iss`` in its JWTs."""
    issuer = read.url("OIDC_ISSUER", "https://login.example.com")
    match = re.fullmatch(URL_PATTERN, issuer)
    path = (match[3] or "") if match else ""
    if document := _WELL_KNOWN.search(path):
        address = path[document.start() :]
        read.refuse(
            "OIDC_ISSUER", f"is {issuer!r} but must be without {address}", issuer.removesuffix(address)
        )
    elif _MANY_TENANTS.search(path):
        # Entra's JWTs name the tenant in ``iss``, so no JWT would match.
        read.refuse("OIDC_ISSUER", f"is {issuer!r} but must name one tenant", _ONE_TENANT_EXAMPLE)
    return issuer


def read_discovery_url(read: Reader, issuer: str) -> str:
    """Return the address of the configuration, by default below the issuer (Discovery section 4)."""
    if read.is_given("OIDC_DISCOVERY_URL"):
        return read.url("OIDC_DISCOVERY_URL", f"https://login.example.com{_DISCOVERY}", query=True)
    return issuer.rstrip("/") + _DISCOVERY


def read_client_secret_arn(read: Reader) -> str | None:
    """Return the ARN of the secret (Secrets Manager) or the parameter (SSM) that holds the secret."""
    name = "OIDC_CLIENT_SECRET_ARN"
    if not read.is_given(name):
        return None
    if read.is_given("OIDC_CLIENT_SECRET"):
        read.refuse(name, "must not be set beside OIDC_CLIENT_SECRET", _STORED_AT_EXAMPLE)
    return read.text(name, _STORED_AT, _STORED_AT_EXAMPLE)


def read_scope(read: Reader) -> str:
    """Return the scope string of a sign-in at the page (OpenID Connect Core section 3.1.2.1)."""
    scope = read.text("OIDC_SCOPES", r"[!#-\[\]-~]+( +[!#-\[\]-~]+)*", _SCOPES, default=_SCOPES)
    words = scope.split()
    if "openid" not in words:
        read.refuse("OIDC_SCOPES", f"is {scope!r} but must include openid", f"{_SCOPES} groups")
    return " ".join(words)


def read_subject_claim(read: Reader) -> str:
    """Return the name of the claim that identifies a person."""
    claim = read.text("SUBJECT_CLAIM", r"[!-~]{1,100}", "oid", default="sub")
    if claim != "sub":
        # Imported here, so that an authorizer with the usual claim does not load them.
        from chalicelib.domain.admin_claims import SCOPE_CLAIMS
        from chalicelib.settings import claim_names

        # AD FS and others write the same names with capitals.
        if claim.lower() in claim_names.REASSIGNED:
            read.refuse("SUBJECT_CLAIM", f"is {claim!r}, which may pass to another person", "oid")
        elif claim in claim_names.SAME_FOR_ALL | SCOPE_CLAIMS:
            read.refuse("SUBJECT_CLAIM", f"is {claim!r}, which does not identify a person", "oid")
    return claim


def read_admin_claim(read: Reader) -> "AdminClaim | None":
    """Return the claim that makes an administrator, or None if only ADMIN_SUBJECTS does."""
    return read.parsed("ADMIN_CLAIM", _admin_claim, "groups=admins")


def read_admin_claim_in(read: Reader) -> frozenset[str]:
    """Return the kinds of JWTs that take the role away if they lack ``ADMIN_CLAIM``."""
    kinds = read.words("ADMIN_CLAIM_IN") or frozenset({"id"})
    if not kinds <= _KINDS:
        read.refuse(
            "ADMIN_CLAIM_IN", f"is {','.join(sorted(kinds))!r} but must be id, access or both", "id"
        )
    return kinds


def _admin_claim(text: str) -> "AdminClaim":
    # Imported here, so that an authorizer does not load it.
    from chalicelib.settings.admin_claims import parse_admin_claim

    return parse_admin_claim(text)
