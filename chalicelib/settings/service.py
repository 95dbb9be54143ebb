"""The settings of the service. Open mode needs none of them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import MAX_API_TOKEN_LENGTH
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, ScopeCatalogue
from chalicelib.domain.token_rules import LONGEST_RETENTION, MAX_LIFETIME
from chalicelib.settings import openid_provider
from chalicelib.settings.reading import Reader

if TYPE_CHECKING:
    from chalicelib.domain.admin_claims import AdminClaim
    from chalicelib.domain.clients import ResourceServer

_MAIL_ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
_DAY = 86_400
# A token in use must not go idle, even if some of its touches fail.
_REFRESHES_PER_IDLE_TIMEOUT = 4
_SERVERS_EXAMPLE = '{"orders": {"secret_sha256": "<64 hex digits>"}}'
_SCOPES_EXAMPLE = '{"orders:read": {"description": "Read orders", "opens": ["GET /orders/*"]}}'
# Issuer, audiences and scope names of together 1,500 such characters never make a token too long.
# JSON may write any other character as twelve.
_SHORT_NAMES = re.compile(r"[!#-\[\]-~]{0,1500}")


class RotatedTokenReuse(Enum):
    """The consequence of using a rotated token, besides its refusal and the record of the use."""

    RECORD = "record"
    REVOKE_FAMILY = "revoke_family"


class Settings(Frozen):
    """Every setting but those of the gateway, checked one by one and together."""

    table_name: str
    signing_key_id: str
    issuer: str
    audience: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str | None = field(repr=False)
    oidc_client_secret_arn: str | None
    oidc_audiences: frozenset[str]
    oidc_scope: str
    oidc_discovery_url: str
    subject_claim: str
    admin_subjects: frozenset[str]
    admin_claim: "AdminClaim | None"
    admin_claim_in: frozenset[str]
    allow_machines: bool
    trust_provider_email: bool
    idle_timeout: timedelta
    last_used_refresh: timedelta
    decision_reuse: timedelta
    max_tokens_per_user: int
    max_creations_per_day: int
    max_reactivations_per_day: int
    max_changes_per_day: int
    max_token_lifetime: timedelta | None
    retention: timedelta
    audit_retention: timedelta
    rotated_token_reuse: RotatedTokenReuse
    self_rotation: bool
    record_networks: RecordNetworks
    notices_from: str | None
    catalogue: ScopeCatalogue
    derived_token_key_id: str | None
    derived_token_audiences: frozenset[str]
    resource_servers: "Mapping[str, ResourceServer]" = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings in ``environ``.

        Raises SettingsError if one of them is missing or invalid.
        """
        return cls.read(Reader(environ))

    @classmethod
    def read(cls, read: Reader) -> "Settings":
        """Return the settings that a reader reads. Raises SettingsError."""
        audience = read.url("AUDIENCE", "https://api.example.com/api")
        oidc_issuer = openid_provider.read_issuer(read)
        client_id = read.text("OIDC_CLIENT_ID", r"\S+", "bodhi-web")
        idle_seconds = read.number("IDLE_TIMEOUT_SECONDS", 1, 3650 * _DAY, default=30 * _DAY)
        lifetime_days = read.number("MAX_TOKEN_LIFETIME_DAYS", 1, MAX_LIFETIME.days, default=0)
        settings = cls(
            table_name=read.text("TABLE_NAME", r"[A-Za-z0-9_.-]{3,255}", "bodhi-api-tokens"),
            signing_key_id=read.text("SIGNING_KEY_ID", r"\S+", "alias/bodhi-api-tokens"),
            issuer=read.url("ISSUER", "https://api.example.com"),
            audience=audience,
            oidc_issuer=oidc_issuer,
            oidc_client_id=client_id,
            oidc_client_secret=read.optional("OIDC_CLIENT_SECRET"),
            oidc_client_secret_arn=openid_provider.read_client_secret_arn(read),
            oidc_audiences=read.words("OIDC_AUDIENCES") or frozenset({client_id}),
            oidc_scope=openid_provider.read_scope(read),
            oidc_discovery_url=openid_provider.read_discovery_url(read, oidc_issuer),
            subject_claim=openid_provider.read_subject_claim(read),
            admin_subjects=read.words("ADMIN_SUBJECTS"),
            admin_claim=openid_provider.read_admin_claim(read),
            admin_claim_in=openid_provider.read_admin_claim_in(read),
            allow_machines=read.flag("ALLOW_MACHINES"),
            trust_provider_email=read.flag("TRUST_PROVIDER_EMAIL"),
            idle_timeout=timedelta(seconds=idle_seconds),
            last_used_refresh=timedelta(seconds=_refresh_seconds(read, idle_seconds)),
            decision_reuse=timedelta(seconds=read.number("DECISION_REUSE_SECONDS", 0, 5, default=0)),
            max_tokens_per_user=read.number("MAX_TOKENS_PER_USER", 1, 10_000, default=100),
            max_creations_per_day=read.number("MAX_CREATIONS_PER_DAY", 1, 100_000, default=500),
            max_changes_per_day=read.number("MAX_CHANGES_PER_DAY", 1, 100_000, default=1000),
            max_reactivations_per_day=read.number("MAX_REACTIVATIONS_PER_DAY", 1, 10_000, default=200),
            max_token_lifetime=timedelta(days=lifetime_days) if lifetime_days else None,
            retention=timedelta(days=read.number("RETENTION_DAYS", 1, 3650, default=90)),
            audit_retention=read_audit_retention(read),
            rotated_token_reuse=RotatedTokenReuse(
                read.choice("ROTATED_TOKEN_REUSE", [reuse.value for reuse in RotatedTokenReuse], "record")
            ),
            self_rotation=read.choice("SELF_ROTATION", ("on", "off"), "on") == "on",
            record_networks=RecordNetworks(
                read.choice("RECORD_NETWORKS", [record.value for record in RecordNetworks], "prefix")
            ),
            notices_from=_notices_from(read),
            catalogue=read.parsed_json("SCOPES", _catalogue, _SCOPES_EXAMPLE) or DEFAULT_CATALOGUE,
            derived_token_key_id=_derived_token_key(read),
            derived_token_audiences=_derived_token_audiences(read, audience),
            resource_servers=read.parsed_json("RESOURCE_SERVERS", _resource_servers, _SERVERS_EXAMPLE)
            or {},
        )
        _check_audiences(read, settings)
        _check_keys(read, settings)
        _check_lengths(read, settings)
        read.finish()
        return settings


def read_audit_retention(read: Reader) -> timedelta:
    """Return how long events are kept."""
    return timedelta(days=read.number("AUDIT_RETENTION_DAYS", 1, LONGEST_RETENTION.days, default=400))


def _refresh_seconds(read: Reader, idle_seconds: int) -> int:
    """Return the seconds between two writes of a use, by default few even for a short idle timeout."""
    default = min(300, idle_seconds // 10)
    seconds = read.number("LAST_USED_REFRESH_SECONDS", 0, 3650 * _DAY, default=default)
    if seconds * _REFRESHES_PER_IDLE_TIMEOUT > idle_seconds:
        read.refuse(
            "LAST_USED_REFRESH_SECONDS",
            f"is {seconds} but must be at most a quarter of IDLE_TIMEOUT_SECONDS={idle_seconds}",
            str(default),
        )
    return seconds


def _notices_from(read: Reader) -> str | None:
    if not read.is_given("NOTICES_FROM"):
        return None
    # An address on one line, because it becomes a header of each mail.
    return read.text("NOTICES_FROM", _MAIL_ADDRESS, "api-tokens@example.com")


def _catalogue(definitions: object) -> ScopeCatalogue:
    # Imported here, so that an authorizer with the usual scopes does not load it.
    from chalicelib.settings.scope_definitions import parse_catalogue

    return parse_catalogue(definitions)


def _resource_servers(definitions: object) -> "Mapping[str, ResourceServer]":
    # Imported here, so that an authorizer does not load it if there are none.
    from chalicelib.settings.client_definitions import parse_resource_servers

    return parse_resource_servers(definitions)


def _derived_token_key(read: Reader) -> str | None:
    """Return the key of access tokens, which is required if there are audiences for them."""
    if read.words("DERIVED_TOKEN_AUDIENCES"):
        return read.text("DERIVED_TOKEN_KEY_ID", r"\S+", "alias/bodhi-access-tokens")
    return read.optional("DERIVED_TOKEN_KEY_ID")


def _derived_token_audiences(read: Reader, audience: str) -> frozenset[str]:
    """Return the audiences of access tokens.

    The API's own audience is not allowed, because the API must read the row of each token.
    """
    audiences = read.words("DERIVED_TOKEN_AUDIENCES")
    if audience in audiences:
        read.refuse("DERIVED_TOKEN_AUDIENCES", "must not name AUDIENCE", "https://other.example.com")
    return audiences


def _check_audiences(read: Reader, settings: Settings) -> None:
    known = settings.derived_token_audiences | {settings.audience}
    for server in settings.resource_servers.values():
        unknown = (server.audiences or frozenset()) - known
        if unknown:
            wrong = f"gives {server.id!r} the audience {min(unknown)!r}, for which no token is issued"
            read.refuse("RESOURCE_SERVERS", wrong, _SERVERS_EXAMPLE)


def _check_keys(read: Reader, settings: Settings) -> None:
    if not settings.derived_token_key_id:
        return
    # Imported here, so that an authorizer does not load it without such a key.
    from chalicelib.settings.key_ids import name_one_key

    if name_one_key(settings.signing_key_id, settings.derived_token_key_id):
        wrong = "must not name the key of SIGNING_KEY_ID"
        read.refuse("DERIVED_TOKEN_KEY_ID", wrong, "alias/bodhi-access-tokens")


def _check_lengths(read: Reader, settings: Settings) -> None:
    issuer, catalogue = settings.issuer, settings.catalogue
    names = (issuer, settings.audience, *settings.derived_token_audiences)
    if _SHORT_NAMES.fullmatch("".join((*names, *(scope.name for scope in catalogue.scopes)))):
        return
    # Imported here, so that an authorizer with names of a usual length does not load it.
    from chalicelib.settings.token_lengths import longest_access_token, longest_api_token

    api_token = longest_api_token(issuer, settings.audience, catalogue)
    access_token = longest_access_token(issuer, settings.derived_token_audiences, catalogue)
    lengths = {
        "AUDIENCE": ("API tokens", api_token, "https://api.example.com"),
        "DERIVED_TOKEN_AUDIENCES": ("access tokens", access_token, "https://other.example.com"),
    }
    for name, (tokens, length, example) in lengths.items():
        if length > MAX_API_TOKEN_LENGTH:
            wrong = (
                f"together with ISSUER and SCOPES makes {tokens} of up to {length} characters, "
                f"more than {MAX_API_TOKEN_LENGTH}"
            )
            read.refuse(name, wrong, example)
