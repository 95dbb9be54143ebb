"""The settings of the service; the only module that reads the environment."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from chalicelib import strict_json
from chalicelib.domain.ids import MAX_API_TOKEN_LENGTH
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, ScopeCatalogue

if TYPE_CHECKING:
    from chalicelib.domain.admin_claims import AdminClaim
    from chalicelib.domain.clients import ResourceServer

_T = TypeVar("_T")

# Stages on which nothing is worth protecting: the open mode also opens the APIs that ask the authorizers.
_OPEN_STAGES = frozenset({"dev", "local", "test"})
_MAX_CACHE_SECONDS = 3600  # API Gateway's own maximum for authorizerResultTtlInSeconds
_REFRESHES_PER_IDLE_TIMEOUT = 4
_DAY = 86_400
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_AUTHORIZERS = ("chalicelib.handlers.authorizer.", "chalicelib.handlers.front_doors.")
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_SERVERS_EXAMPLE = '{"orders": {"secret_sha256": "<64 hex digits>"}}'
_SCOPES_EXAMPLE = '{"orders:read": {"description": "Read orders", "opens": ["GET /orders/*"]}}'
# A stage of a REST API, or of an HTTP API, as API Gateway's own addresses name it.
_STAGE = (
    r"restapis/[A-Za-z0-9]{1,64}/[A-Za-z0-9_-]{1,128}"
    r"|apis/[A-Za-z0-9]{1,64}/([A-Za-z0-9_-]{1,128}|\$default)"
)
# Lambda's environment has 4 KB. Local settings may be longer.
_JSON_BOUNDS = strict_json.Bounds(longest=1024 * 1024, deepest=8, most_values=20_000)
_STAGES_EXAMPLE = "restapis/a1b2c3d4e5/prod,apis/f6g7h8i9j0/$default"
_KINDS = frozenset({"id", "access"})
# JSON writes other characters as up to twelve.
_SHORT_NAMES = re.compile(r"[!#-\[\]-~]{0,1500}")
_DISCOVERY = "/.well-known/openid-configuration"
_OIDC_SCOPES = "openid profile email"
# IAM compares complete ARNs, and Secrets Manager ends each by six characters of its own.
_STORED_AT = (
    r"arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)"
)
_STORED_AT_EXAMPLE = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bodhi/oidc-a1B2c3"
# Addresses of Microsoft Entra that stand for every tenant, and placeholders of documentation.
_MANY_TENANTS = re.compile(r"^/(common|organizations|consumers)(/v2\.0)?/*$|[{}<>]|%7B", re.IGNORECASE)
# The place of documents, so of no issuer (RFC 8615).
_WELL_KNOWN = re.compile(r"/\.well-known(/|$)", re.IGNORECASE)
_QUERY = r"(\?[^\s#]*)?"
_URL = r"https?://([^\s/?#@:\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[^\s?#]*)?"


class SettingsError(Exception):
    """One line for each setting that is missing or senseless."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


class AuthMode(Enum):
    """Whether callers authenticate at all."""

    OIDC = "oidc"
    NONE = "none"


class RotatedTokenReuse(Enum):
    """What the use of a rotated token leads to, besides its refusal and the record of it."""

    RECORD = "record"
    REVOKE_FAMILY = "revoke_family"


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What decides the shape of the deployed API, so known when it is packaged."""

    stage: str
    auth_mode: AuthMode
    authorizer_cache_seconds: int
    authorizer_cache_stages: tuple[str, ...]
    flush_calls_per_second: int
    flush_calls_burst: int
    log_level: str
    log_allowed_percent: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "GatewaySettings":
        """Read and check them.

        Raises SettingsError.
        """
        read = _Reader(environ)
        settings = cls(
            stage=read.text("STAGE", r"[a-z][a-z0-9-]{0,19}", "dev", default="dev"),
            auth_mode=AuthMode(read.choice("AUTH_MODE", [m.value for m in AuthMode], "oidc")),
            authorizer_cache_seconds=read.number(
                "AUTHORIZER_CACHE_SECONDS", 0, _MAX_CACHE_SECONDS, default=30
            ),
            authorizer_cache_stages=_cache_stages(read),
            # API Gateway allows 10 calls a second and 40 at once, for everything in the account.
            flush_calls_per_second=read.number("FLUSH_CALLS_PER_SECOND", 1, 8, default=2),
            flush_calls_burst=read.number("FLUSH_CALLS_BURST", 1, 20, default=10),
            log_level=read.choice("LOG_LEVEL", _LOG_LEVELS, "INFO"),
            log_allowed_percent=read.number("LOG_ALLOWED_PERCENT", 0, 100, default=100),
        )
        if settings.auth_mode is AuthMode.NONE and settings.stage not in _OPEN_STAGES:
            read.refuse("AUTH_MODE", f"must not be 'none' on stage {settings.stage}", "oidc")
        read.finish()
        return settings


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything else; not needed in non-authenticated mode."""

    table_name: str
    signing_key_id: str
    issuer: str
    audience: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str | None = field(repr=False)
    oidc_client_secret_arn: str | None
    oidc_audiences: frozenset[str]
    oidc_scopes: str
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
    max_token_lifetime: timedelta | None
    retention: timedelta
    rotated_token_reuse: RotatedTokenReuse
    self_rotation: bool
    scopes: ScopeCatalogue
    derived_token_key_id: str | None
    derived_token_audiences: frozenset[str]
    resource_servers: "Mapping[str, ResourceServer]" = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check them.

        Raises SettingsError.
        """
        read = _Reader(environ)
        audience = read.url("AUDIENCE", "https://api.example.com/api")
        oidc_issuer = _oidc_issuer(read)
        client_id = read.text("OIDC_CLIENT_ID", r"\S+", "bodhi-web")
        idle_seconds = read.number("IDLE_TIMEOUT_SECONDS", 1, 3650 * _DAY, default=30 * _DAY)
        lifetime_days = read.number("MAX_TOKEN_LIFETIME_DAYS", 1, 3650, default=0)
        settings = cls(
            table_name=read.text("TABLE_NAME", r"[A-Za-z0-9_.-]{3,255}", "bodhi-api-tokens"),
            signing_key_id=read.text("SIGNING_KEY_ID", r"\S+", "alias/bodhi-api-tokens"),
            issuer=read.url("ISSUER", "https://api.example.com"),
            audience=audience,
            oidc_issuer=oidc_issuer,
            oidc_client_id=client_id,
            oidc_client_secret=read.secret("OIDC_CLIENT_SECRET"),
            oidc_client_secret_arn=_oidc_client_secret_arn(read),
            oidc_audiences=read.words("OIDC_AUDIENCES") or frozenset({client_id}),
            oidc_scopes=_oidc_scopes(read),
            oidc_discovery_url=_oidc_discovery_url(read, oidc_issuer),
            subject_claim=_subject_claim(read),
            admin_subjects=read.words("ADMIN_SUBJECTS"),
            admin_claim=read.parsed("ADMIN_CLAIM", _admin_claim, "groups=admins"),
            admin_claim_in=_admin_claim_in(read),
            allow_machines=read.flag("ALLOW_MACHINES"),
            trust_provider_email=read.flag("TRUST_PROVIDER_EMAIL"),
            idle_timeout=timedelta(seconds=idle_seconds),
            last_used_refresh=timedelta(seconds=_refresh_seconds(read, idle_seconds)),
            decision_reuse=timedelta(seconds=read.number("DECISION_REUSE_SECONDS", 0, 5, default=0)),
            max_tokens_per_user=read.number("MAX_TOKENS_PER_USER", 1, 10_000, default=100),
            max_creations_per_day=read.number("MAX_CREATIONS_PER_DAY", 1, 100_000, default=500),
            max_reactivations_per_day=read.number("MAX_REACTIVATIONS_PER_DAY", 1, 10_000, default=200),
            max_token_lifetime=timedelta(days=lifetime_days) if lifetime_days else None,
            retention=timedelta(days=read.number("RETENTION_DAYS", 1, 3650, default=90)),
            rotated_token_reuse=RotatedTokenReuse(
                read.choice("ROTATED_TOKEN_REUSE", [r.value for r in RotatedTokenReuse], "record")
            ),
            self_rotation=read.choice("SELF_ROTATION", ("on", "off"), "on") == "on",
            scopes=read.parsed_json("SCOPES", _catalogue, _SCOPES_EXAMPLE) or DEFAULT_CATALOGUE,
            derived_token_key_id=_derived_token_key(read),
            derived_token_audiences=_derived_token_audiences(read, audience),
            resource_servers=read.parsed_json("RESOURCE_SERVERS", _resource_servers, _SERVERS_EXAMPLE)
            or {},
        )
        _check_together(read, settings)
        read.finish()
        return settings


def process_environ() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def is_packaging(environ: Mapping[str, str]) -> bool:
    """Whether Chalice's command line, not a caller, imports the app: the settings come later."""
    return "AWS_CHALICE_CLI_MODE" in environ


def is_authorizer(environ: Mapping[str, str]) -> bool:
    """Whether Lambda runs one of the authorizers here, and nothing else."""
    return environ.get("_HANDLER", "").startswith(_AUTHORIZERS)


def is_loopback(url: str) -> bool:
    """Whether a URL stays on this machine, where plain http is as good as https."""
    try:
        return urlsplit(url).hostname in _LOOPBACK_HOSTS
    except ValueError:  # brackets around something that is no IPv6 address
        return False


class _Reader:
    """Reads values and gathers every problem, so that one start names them all."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def refuse(self, name: str, wrong: str, example: str) -> None:
        self._problems.append(f"{name} {wrong}, for example {name}={example}")

    def finish(self) -> None:
        if self._problems:
            raise SettingsError(self._problems)

    def text(self, name: str, pattern: str, example: str, default: str = "") -> str:
        value = self._value(name) or default
        if not value:
            self.refuse(name, "is missing", example)
        elif not re.fullmatch(pattern, value):
            self.refuse(name, f"is {value!r}, which it cannot be", example)
        return value

    def secret(self, name: str) -> str | None:
        return self._value(name) or None

    def choice(self, name: str, values: "list[str] | tuple[str, ...]", default: str) -> str:
        value = self._value(name) or default
        if value in values:
            return value
        self.refuse(name, f"is {value!r} but must be one of {', '.join(values)}", default)
        return default

    def number(self, name: str, least: int, most: int, *, default: int) -> int:
        value = self._value(name)
        if not value:
            return default
        if re.fullmatch(r"[0-9]{1,12}", value) and least <= int(value) <= most:
            return int(value)
        example = str(default if default >= least else most)
        self.refuse(name, f"is {value!r} but must be a whole number from {least} to {most}", example)
        return default

    def is_given(self, name: str) -> bool:
        return bool(self._value(name))

    def url(self, name: str, example: str, *, query: bool = False) -> str:
        value = self.text(name, _URL + (_QUERY if query else ""), example)
        if value.startswith("http://") and not is_loopback(value):
            self.refuse(name, f"is {value!r} but must be https", example)
        return value

    def words(self, name: str) -> frozenset[str]:
        return frozenset(word.strip() for word in self._value(name).split(",") if word.strip())

    def flag(self, name: str) -> bool:
        return self.choice(name, ("true", "false"), "false") == "true"

    def parsed(self, name: str, parse: Callable[[str], _T], example: str) -> _T | None:
        """Read text. ``parse`` raises ValueError, whose text says the fault."""
        value = self._value(name)
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(name, str(error), example)
        return None

    def parsed_json(self, name: str, parse: Callable[[object], _T], example: str) -> _T | None:
        """Read JSON; ``parse`` raises ValueError with what is wrong."""
        return self.parsed(
            name, lambda text: parse(strict_json.parse(text, _JSON_BOUNDS, well_formed=True)), example
        )

    def _value(self, name: str) -> str:
        return self._environ.get(name, "").strip()


def _cache_stages(read: _Reader) -> tuple[str, ...]:
    """Return the stages, beside this API's own, whose cached decisions end with a revocation."""
    stages = sorted(read.words("AUTHORIZER_CACHE_STAGES"))
    for stage in stages:
        if not re.fullmatch(_STAGE, stage):
            read.refuse("AUTHORIZER_CACHE_STAGES", f"names {stage!r}, which is no stage", _STAGES_EXAMPLE)
    return tuple(stages)


def _catalogue(definitions: object) -> ScopeCatalogue:
    # Here, so that an authorizer with the usual scopes does not load it.
    from chalicelib.settings.scope_definitions import parse_catalogue

    return parse_catalogue(definitions)


def _resource_servers(definitions: object) -> "Mapping[str, ResourceServer]":
    # Here, so that an authorizer does not load it where there are none.
    from chalicelib.settings.client_definitions import parse_resource_servers

    return parse_resource_servers(definitions)


def _derived_token_audiences(read: _Reader, audience: str) -> frozenset[str]:
    """Return for whom access tokens are made; never for ourselves, who must look at each row."""
    audiences = read.words("DERIVED_TOKEN_AUDIENCES")
    if audience in audiences:
        read.refuse("DERIVED_TOKEN_AUDIENCES", "must not name AUDIENCE", "https://other.example.com")
    return audiences


def _derived_token_key(read: _Reader) -> str | None:
    """Return the key of access tokens, which is needed where anybody may get some."""
    if read.words("DERIVED_TOKEN_AUDIENCES"):
        return read.text("DERIVED_TOKEN_KEY_ID", r"\S+", "alias/bodhi-access-tokens")
    return read.secret("DERIVED_TOKEN_KEY_ID")


def _check_together(read: _Reader, settings: Settings) -> None:
    """Refuse settings that make sense one by one and not together."""
    if settings.resource_servers:
        _check_audiences(read, settings)
    if settings.derived_token_key_id:
        # Here, so that an authorizer does not load it without such a key.
        from chalicelib.domain.key_ids import name_one_key

        if name_one_key(settings.signing_key_id, settings.derived_token_key_id):
            read.refuse(
                "DERIVED_TOKEN_KEY_ID",
                "must not name the key of SIGNING_KEY_ID",
                "alias/bodhi-access-tokens",
            )
    # Names and scopes of a usual size cannot make a token that is too long.
    names = (settings.issuer, settings.audience, *settings.derived_token_audiences)
    scopes = (scope.name for scope in settings.scopes.scopes)
    if not _SHORT_NAMES.fullmatch("".join((*names, *scopes))):
        _check_lengths(read, settings)


def _check_audiences(read: _Reader, settings: Settings) -> None:
    known = settings.derived_token_audiences | {settings.audience}
    for server in settings.resource_servers.values():
        unknown = (server.audiences or frozenset()) - known
        if unknown:
            wrong = f"gives {server.id!r} the audience {min(unknown)!r}, for which no token is issued"
            read.refuse("RESOURCE_SERVERS", wrong, _SERVERS_EXAMPLE)


def _check_lengths(read: _Reader, settings: Settings) -> None:
    from chalicelib.domain.token_lengths import longest_access_token, longest_api_token

    issuer, scopes = settings.issuer, settings.scopes
    api_token = longest_api_token(issuer, settings.audience, scopes)
    access_token = longest_access_token(issuer, settings.derived_token_audiences, scopes)
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


def _admin_claim(text: str) -> "AdminClaim":
    # Here, so that an authorizer does not load it.
    from chalicelib.domain.admin_claims import parse_admin_claim

    return parse_admin_claim(text)


def _admin_claim_in(read: _Reader) -> frozenset[str]:
    """Return the kinds of JWTs that take the role away if they lack ``ADMIN_CLAIM``."""
    kinds = read.words("ADMIN_CLAIM_IN") or frozenset({"id"})
    if not kinds <= _KINDS:
        read.refuse(
            "ADMIN_CLAIM_IN", f"is {','.join(sorted(kinds))!r} but must be id, access or both", "id"
        )
    return kinds


def _oidc_issuer(read: _Reader) -> str:
    """Return the provider's issuer, exactly as ``iss`` in its JWTs."""
    issuer = read.url("OIDC_ISSUER", "https://login.example.com")
    example = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    path = urlsplit(issuer).path if re.fullmatch(_URL, issuer) else ""
    if document := _WELL_KNOWN.search(path):
        address = path[document.start() :]
        read.refuse(
            "OIDC_ISSUER", f"is {issuer!r} but must be without {address}", issuer.removesuffix(address)
        )
    elif _MANY_TENANTS.search(path):
        # Entra's JWTs name the tenant in ``iss``, so no JWT would match.
        read.refuse("OIDC_ISSUER", f"is {issuer!r} but must name one tenant", example)
    return issuer


def _oidc_discovery_url(read: _Reader, issuer: str) -> str:
    """Return the address of the configuration, by default below the issuer (Discovery section 4)."""
    if read.is_given("OIDC_DISCOVERY_URL"):
        return read.url("OIDC_DISCOVERY_URL", f"https://login.example.com{_DISCOVERY}", query=True)
    return issuer.rstrip("/") + _DISCOVERY


def _oidc_client_secret_arn(read: _Reader) -> str | None:
    """Return the ARN of the secret (Secrets Manager) or the parameter (SSM) that holds the secret."""
    name = "OIDC_CLIENT_SECRET_ARN"
    if not read.is_given(name):
        return None
    if read.is_given("OIDC_CLIENT_SECRET"):
        read.refuse(name, "must not be set beside OIDC_CLIENT_SECRET", _STORED_AT_EXAMPLE)
    return read.text(name, _STORED_AT, _STORED_AT_EXAMPLE)


def _oidc_scopes(read: _Reader) -> str:
    scopes = read.text("OIDC_SCOPES", r"[!#-\[\]-~]+( +[!#-\[\]-~]+)*", _OIDC_SCOPES, default=_OIDC_SCOPES)
    words = scopes.split()
    if "openid" not in words:
        read.refuse("OIDC_SCOPES", f"is {scopes!r} but must have openid in it", f"{_OIDC_SCOPES} groups")
    return " ".join(words)


def _subject_claim(read: _Reader) -> str:
    claim = read.text("SUBJECT_CLAIM", r"[!-~]{1,100}", "oid", default="sub")
    if claim != "sub":
        # Here, so that an authorizer with the usual claim does not load them.
        from chalicelib.domain import claim_names

        # AD FS and others write the same names with capitals.
        if claim.lower() in claim_names.REASSIGNED:
            read.refuse("SUBJECT_CLAIM", f"is {claim!r}, which may pass to another person", "oid")
        elif claim in claim_names.SAME_FOR_ALL | claim_names.SCOPES:
            read.refuse("SUBJECT_CLAIM", f"is {claim!r}, which does not identify a person", "oid")
    return claim


def _refresh_seconds(read: _Reader, idle_seconds: int) -> int:
    """Return how often a use is written: by default often enough even for a very short idle timeout."""
    default = min(300, idle_seconds // 10)
    seconds = read.number("LAST_USED_REFRESH_SECONDS", 0, 3650 * _DAY, default=default)
    if seconds * _REFRESHES_PER_IDLE_TIMEOUT > idle_seconds:
        read.refuse(
            "LAST_USED_REFRESH_SECONDS",
            f"is {seconds} but must be at most a quarter of IDLE_TIMEOUT_SECONDS={idle_seconds}",
            str(default),
        )
    return seconds
