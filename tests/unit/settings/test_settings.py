"""Settings: defaults, good values, and what is said about each senseless one."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.admin_claims import AdminClaim
from chalicelib.domain.clients import ResourceServer
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, Route
from chalicelib.settings import (
    AuthMode,
    GatewaySettings,
    RotatedTokenReuse,
    Settings,
    SettingsError,
    is_loopback,
    is_packaging,
)

NEEDED = {
    "TABLE_NAME": "bodhi",
    "SIGNING_KEY_ID": "alias/bodhi",
    "ISSUER": "https://api.example.com",
    "AUDIENCE": "https://api.example.com/api",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "bodhi-web",
}


def read(**changes: str) -> Settings:
    """Read the settings that are needed, with ``changes``."""
    return Settings.from_environ({**NEEDED, **changes})


def gateway(**environ: str) -> GatewaySettings:
    """Read the gateway's settings."""
    return GatewaySettings.from_environ(environ)


def problems_of(environ: Mapping[str, str], kind: type[Settings | GatewaySettings] = Settings) -> list[str]:
    """Return the lines that say what is wrong."""
    with pytest.raises(SettingsError) as caught:
        kind.from_environ(environ)
    return str(caught.value).split("\n")


def test_only_what_has_no_sensible_default_is_needed() -> None:
    """Everything else has the default of the contract."""
    assert read() == Settings(
        table_name="bodhi",
        signing_key_id="alias/bodhi",
        issuer="https://api.example.com",
        audience="https://api.example.com/api",
        oidc_issuer="https://login.example.com",
        oidc_client_id="bodhi-web",
        oidc_client_secret=None,
        oidc_client_secret_arn=None,
        oidc_audiences=frozenset({"bodhi-web"}),
        oidc_scope="openid profile email",
        oidc_discovery_url="https://login.example.com/.well-known/openid-configuration",
        subject_claim="sub",
        admin_subjects=frozenset(),
        admin_claim=None,
        admin_claim_in=frozenset({"id"}),
        allow_machines=False,
        trust_provider_email=False,
        idle_timeout=timedelta(seconds=2_592_000),
        last_used_refresh=timedelta(seconds=300),
        decision_reuse=timedelta(0),
        max_tokens_per_user=100,
        max_creations_per_day=500,
        max_reactivations_per_day=200,
        max_changes_per_day=1000,
        max_token_lifetime=None,
        retention=timedelta(days=90),
        audit_retention=timedelta(days=400),
        rotated_token_reuse=RotatedTokenReuse.RECORD,
        self_rotation=True,
        record_networks=RecordNetworks.PREFIX,
        notices_from=None,
        catalogue=DEFAULT_CATALOGUE,
        derived_token_key_id=None,
        derived_token_audiences=frozenset(),
        resource_servers={},
    )


def test_gateway_needs_nothing() -> None:
    """The shape of the API has defaults throughout."""
    assert gateway() == GatewaySettings(
        stage="dev",
        auth_mode=AuthMode.OIDC,
        authorizer_cache_seconds=30,
        authorizer_cache_stages=(),
        flush_calls_per_second=2,
        flush_calls_burst=10,
        event_bus_name=None,
        log_level="INFO",
        log_allowed_percent=100,
    )


@pytest.mark.parametrize(
    ("name", "value", "member", "expected"),
    [
        ("TABLE_NAME", "a.b-c_1", "table_name", "a.b-c_1"),
        ("NOTICES_FROM", "api-tokens@example.com", "notices_from", "api-tokens@example.com"),
        ("TABLE_NAME", " padded \n", "table_name", "padded"),
        (
            "SIGNING_KEY_ID",
            "arn:aws:kms:eu-west-1:1:key/x",
            "signing_key_id",
            "arn:aws:kms:eu-west-1:1:key/x",
        ),
        ("ISSUER", "https://a.example/x/", "issuer", "https://a.example/x/"),
        ("AUDIENCE", "https://a.example/api", "audience", "https://a.example/api"),
        ("OIDC_ISSUER", "http://127.0.0.1:9090", "oidc_issuer", "http://127.0.0.1:9090"),
        *[
            ("OIDC_ISSUER", issuer, "oidc_issuer", issuer)
            for issuer in ("https://id.example.com/common/realms/a", "https://id.example.com/commons")
        ],
        ("OIDC_CLIENT_ID", "web", "oidc_client_id", "web"),
        ("OIDC_AUDIENCES", "a, b,,a ,", "oidc_audiences", frozenset({"a", "b"})),
        ("OIDC_AUDIENCES", " , ", "oidc_audiences", frozenset({"bodhi-web"})),
        ("ADMIN_SUBJECTS", "a@x.com,b@x.com", "admin_subjects", frozenset({"a@x.com", "b@x.com"})),
        ("ADMIN_CLAIM", "groups=admins", "admin_claim", AdminClaim(("groups",), "admins")),
        ("ADMIN_CLAIM", "roles=a=b", "admin_claim", AdminClaim(("roles",), "a=b")),
        (
            "ADMIN_CLAIM",
            "/realm_access/roles=admin",
            "admin_claim",
            AdminClaim(("realm_access", "roles"), "admin"),
        ),
        ("ADMIN_CLAIM_IN", "access", "admin_claim_in", frozenset({"access"})),
        ("ADMIN_CLAIM_IN", "id, access", "admin_claim_in", frozenset({"id", "access"})),
        ("ALLOW_MACHINES", "true", "allow_machines", True),
        ("TRUST_PROVIDER_EMAIL", "true", "trust_provider_email", True),
        ("SUBJECT_CLAIM", "oid", "subject_claim", "oid"),
        ("SUBJECT_CLAIM", "https://acme.example/id", "subject_claim", "https://acme.example/id"),
        ("OIDC_SCOPES", "openid  groups", "oidc_scope", "openid groups"),
        (
            "OIDC_DISCOVERY_URL",
            "https://acme.b2clogin.com/t/v2.0/.well-known/openid-configuration?p=b2c_1",
            "oidc_discovery_url",
            "https://acme.b2clogin.com/t/v2.0/.well-known/openid-configuration?p=b2c_1",
        ),
        (
            "OIDC_ISSUER",
            "https://login.example.com/x/",
            "oidc_discovery_url",
            "https://login.example.com/x/.well-known/openid-configuration",
        ),
        ("MAX_REACTIVATIONS_PER_DAY", "5", "max_reactivations_per_day", 5),
        ("MAX_CHANGES_PER_DAY", "5", "max_changes_per_day", 5),
        ("IDLE_TIMEOUT_SECONDS", "3600", "idle_timeout", timedelta(hours=1)),
        ("LAST_USED_REFRESH_SECONDS", "0", "last_used_refresh", timedelta(0)),
        ("LAST_USED_REFRESH_SECONDS", "60", "last_used_refresh", timedelta(minutes=1)),
        ("MAX_TOKENS_PER_USER", "1", "max_tokens_per_user", 1),
        ("MAX_TOKENS_PER_USER", "10000", "max_tokens_per_user", 10_000),
        ("MAX_CREATIONS_PER_DAY", "1", "max_creations_per_day", 1),
        ("MAX_CREATIONS_PER_DAY", "100000", "max_creations_per_day", 100_000),
        ("MAX_TOKEN_LIFETIME_DAYS", "90", "max_token_lifetime", timedelta(days=90)),
        ("DECISION_REUSE_SECONDS", "5", "decision_reuse", timedelta(seconds=5)),
        ("DECISION_REUSE_SECONDS", "0", "decision_reuse", timedelta(0)),
        ("RETENTION_DAYS", "1", "retention", timedelta(days=1)),
        ("AUDIT_RETENTION_DAYS", "30", "audit_retention", timedelta(days=30)),
        ("RETENTION_DAYS", "", "retention", timedelta(days=90)),
        ("RECORD_NETWORKS", "full", "record_networks", RecordNetworks.FULL),
        ("RECORD_NETWORKS", "prefix", "record_networks", RecordNetworks.PREFIX),
        ("RECORD_NETWORKS", "off", "record_networks", RecordNetworks.OFF),
        ("SELF_ROTATION", "on", "self_rotation", True),
        ("SELF_ROTATION", "off", "self_rotation", False),
        ("ROTATED_TOKEN_REUSE", "record", "rotated_token_reuse", RotatedTokenReuse.RECORD),
        ("ROTATED_TOKEN_REUSE", "revoke_family", "rotated_token_reuse", RotatedTokenReuse.REVOKE_FAMILY),
    ],
)
def test_setting_is_read(name: str, value: str, member: str, expected: Any) -> None:
    """A good value is what the service works with."""
    assert getattr(read(**{name: value}), member) == expected


@pytest.mark.parametrize(
    ("name", "value", "member", "expected"),
    [
        ("STAGE", "prod", "stage", "prod"),
        ("STAGE", "team-7", "stage", "team-7"),
        ("AUTH_MODE", "none", "auth_mode", AuthMode.NONE),
        ("AUTH_MODE", "oidc", "auth_mode", AuthMode.OIDC),
        ("AUTHORIZER_CACHE_SECONDS", "0", "authorizer_cache_seconds", 0),
        ("AUTHORIZER_CACHE_SECONDS", "3600", "authorizer_cache_seconds", 3600),
        (
            "AUTHORIZER_CACHE_STAGES",
            " restapis/a1b2/prod, apis/c3d4/$default,restapis/a1b2/prod",
            "authorizer_cache_stages",
            ("apis/c3d4/$default", "restapis/a1b2/prod"),
        ),
        ("AUTHORIZER_CACHE_STAGES", " , ", "authorizer_cache_stages", ()),
        ("LOG_LEVEL", "DEBUG", "log_level", "DEBUG"),
        ("LOG_ALLOWED_PERCENT", "0", "log_allowed_percent", 0),
        ("LOG_ALLOWED_PERCENT", "100", "log_allowed_percent", 100),
    ],
)
def test_gateway_setting_is_read(name: str, value: str, member: str, expected: Any) -> None:
    """A good value shapes the API."""
    assert getattr(gateway(**{name: value}), member) == expected


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_setting_is_named_with_an_example(name: str, value: str | None) -> None:
    """Absent and empty are the same mistake, told in one line."""
    environ = {**NEEDED, name: value} if value is not None else _without(name)

    (line,) = problems_of({k: v for k, v in environ.items() if v is not None})

    assert line.startswith(f"{name} is missing, for example {name}=")
    assert read(**_example(line))


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("TABLE_NAME", "ab", "is not valid"),
        ("NOTICES_FROM", "api-tokens", "is not valid"),
        ("NOTICES_FROM", "Tokens <api-tokens@example.com>", "is not valid"),
        ("NOTICES_FROM", "a@example.com,b@example.com", "is not valid"),
        ("TABLE_NAME", "with space", "is not valid"),
        ("TABLE_NAME", "x" * 256, "is not valid"),
        ("SIGNING_KEY_ID", "a b", "is not valid"),
        ("AUDIENCE", "a b", "is not valid"),
        ("OIDC_CLIENT_ID", "a b", "is not valid"),
        ("ISSUER", "api.example.com", "is not valid"),
        ("ISSUER", "ftp://api.example.com", "is not valid"),
        ("ISSUER", "https://", "is not valid"),
        ("AUDIENCE", "bodhi", "is not valid"),
        ("AUDIENCE", "http://api.example.com/api", "must be https"),
        ("ISSUER", "https://user:pw@api.example.com", "is not valid"),
        ("ISSUER", "https://api.example.com/?a=b", "is not valid"),
        ("ISSUER", "https://api.example.com/#a", "is not valid"),
        ("ISSUER", "https://api example.com", "is not valid"),
        ("ISSUER", "https://[no-address", "is not valid"),
        ("ISSUER", "HTTPS://api.example.com", "is not valid"),
        ("ISSUER", "http://api.example.com", "must be https"),
        ("OIDC_ISSUER", "login", "is not valid"),
        ("OIDC_ISSUER", "http://login.example.com", "must be https"),
        ("ADMIN_CLAIM", "admins", "must be claim=value"),
        ("ADMIN_CLAIM", "=admins", "must be claim=value"),
        ("ADMIN_CLAIM", "groups=", "must be claim=value"),
        ("ADMIN_CLAIM", "groups= admins", "white space"),
        ("ADMIN_CLAIM", "scope=openid", "make every person an administrator"),
        ("ADMIN_CLAIM", "/aud=web", "make every person an administrator"),
        ("ADMIN_CLAIM_IN", "refresh", "must be id, access or both"),
        ("ALLOW_MACHINES", "yes", "must be one of true, false"),
        ("TRUST_PROVIDER_EMAIL", "1", "must be one of true, false"),
        *[
            ("SUBJECT_CLAIM", claim, "may pass to another person")
            for claim in (
                *("email", "upn", "preferred_username", "name", "unique_name", "mail"),
                *("EMAIL", "UPN", "userPrincipalName", "sAMAccountName"),
            )
        ],
        *[
            ("SUBJECT_CLAIM", claim, "does not identify a person")
            for claim in (
                "iss",
                "aud",
                "azp",
                "client_id",
                "scope",
                "email_verified",
                "jti",
                "hd",
                "locale",
            )
        ],
        ("SUBJECT_CLAIM", "o id", "is not valid"),
        ("OIDC_SCOPES", "profile email", "must include openid"),
        ("OIDC_SCOPES", "openid,profile", "must include openid"),
        ("OIDC_SCOPES", 'openid "groups"', "is not valid"),
        ("OIDC_DISCOVERY_URL", "http://login.example.com/x", "must be https"),
        ("OIDC_DISCOVERY_URL", "login.example.com", "is not valid"),
        *[
            ("OIDC_ISSUER", issuer, "must name one tenant")
            for issuer in (
                "https://login.microsoftonline.com/common/v2.0",
                "https://login.microsoftonline.com/organizations/v2.0",
                "https://login.microsoftonline.com/consumers/v2.0/",
                "https://login.microsoftonline.com/COMMON",
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/<tenant>/v2.0",
                "https://login.microsoftonline.com/%7Btenantid%7D/v2.0",
            )
        ],
        (
            "OIDC_ISSUER",
            "https://login.example.com/t/.well-known/openid-configuration",
            "must be without /.well-known/openid-configuration",
        ),
        (
            "OIDC_ISSUER",
            "https://login.example.com/.well-known/oauth-authorization-server/t",
            "must be without /.well-known/oauth-authorization-server/t",
        ),
        *[
            (name, value, "must be a whole number from")
            for name in (
                "IDLE_TIMEOUT_SECONDS",
                "LAST_USED_REFRESH_SECONDS",
                "MAX_TOKENS_PER_USER",
                "MAX_CREATIONS_PER_DAY",
                "MAX_TOKEN_LIFETIME_DAYS",
                "RETENTION_DAYS",
            )
            for value in ("-1", "1.5", "many", "1e3", "\u0663", "1_000", "99999999999999", "0x10")
        ],
        ("IDLE_TIMEOUT_SECONDS", "0", "must be a whole number from 1"),
        ("IDLE_TIMEOUT_SECONDS", str(3650 * 86_400 + 1), "to 315360000"),
        ("MAX_TOKENS_PER_USER", "0", "must be a whole number from 1"),
        ("MAX_TOKENS_PER_USER", "10001", "to 10000"),
        ("MAX_CREATIONS_PER_DAY", "0", "must be a whole number from 1"),
        ("MAX_CREATIONS_PER_DAY", "100001", "to 100000"),
        ("MAX_TOKEN_LIFETIME_DAYS", "0", "must be a whole number from 1"),
        ("MAX_TOKEN_LIFETIME_DAYS", "3651", "to 3650"),
        ("DECISION_REUSE_SECONDS", "6", "must be a whole number from 0 to 5"),
        ("DECISION_REUSE_SECONDS", "0.5", "must be a whole number from 0 to 5"),
        ("DECISION_REUSE_SECONDS", "-1", "must be a whole number from 0 to 5"),
        ("RETENTION_DAYS", "0", "must be a whole number from 1"),
        ("AUDIT_RETENTION_DAYS", "3651", "to 3650"),
        ("RETENTION_DAYS", "3651", "to 3650"),
        ("ROTATED_TOKEN_REUSE", "ignore", "must be one of record, revoke_family"),
        ("RECORD_NETWORKS", "on", "must be one of full, prefix, off"),
        ("SELF_ROTATION", "false", "must be one of on, off"),
    ],
)
def test_senseless_setting_is_named_with_what_is_wrong_and_an_example(
    name: str, value: str, wrong: str
) -> None:
    """One line: the name, the value, the matter, and an example that works."""
    (line,) = problems_of({**NEEDED, name: value})

    assert line.startswith(f"{name} ")
    assert value in line
    assert wrong in line
    assert read(**_example(line))


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("STAGE", "Prod", "is not valid"),
        ("STAGE", "7", "is not valid"),
        ("STAGE", "a" * 21, "is not valid"),
        ("AUTH_MODE", "NONE", "must be one of oidc, none"),
        ("AUTH_MODE", "off", "must be one of oidc, none"),
        ("LOG_ALLOWED_PERCENT", "101", "must be a whole number from 0 to 100"),
        ("LOG_ALLOWED_PERCENT", "0.5", "must be a whole number from 0 to 100"),
        ("AUTHORIZER_CACHE_SECONDS", "-1", "must be a whole number from 0 to 3600"),
        ("AUTHORIZER_CACHE_SECONDS", "3601", "must be a whole number from 0 to 3600"),
        ("AUTHORIZER_CACHE_SECONDS", "5 minutes", "must be a whole number from 0 to 3600"),
        ("AUTHORIZER_CACHE_STAGES", "a1b2/prod", "which is not a stage"),
        ("AUTHORIZER_CACHE_STAGES", "restapis/a1b2", "which is not a stage"),
        ("AUTHORIZER_CACHE_STAGES", "restapis/a1b2/$default", "which is not a stage"),
        ("AUTHORIZER_CACHE_STAGES", "restapis/*/prod", "which is not a stage"),
        ("AUTHORIZER_CACHE_STAGES", "restapis/a1b2/prod/cache", "which is not a stage"),
        ("AUTHORIZER_CACHE_STAGES", "apis/a1b2/${x}", "which is not a stage"),
        ("FLUSH_CALLS_PER_SECOND", "0", "must be a whole number from 1 to 8"),
        ("FLUSH_CALLS_PER_SECOND", "9", "must be a whole number from 1 to 8"),
        ("FLUSH_CALLS_BURST", "0", "must be a whole number from 1 to 20"),
        ("FLUSH_CALLS_BURST", "21", "must be a whole number from 1 to 20"),
        ("EVENT_BUS_NAME", "a/b", "is not valid"),
        ("EVENT_BUS_NAME", "*", "is not valid"),
        ("LOG_LEVEL", "debug", "must be one of DEBUG, INFO, WARNING, ERROR"),
        ("LOG_LEVEL", "TRACE", "must be one of DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_senseless_gateway_setting_is_named(name: str, value: str, wrong: str) -> None:
    """One line: the name, the value, the matter, and an example that works."""
    (line,) = problems_of({name: value}, GatewaySettings)

    assert line.startswith(f"{name} ")
    assert value in line
    assert wrong in line
    assert gateway(**_example(line))


def test_scopes_are_read_from_json() -> None:
    """A team names its own; without any there are reading and writing."""
    written = '{"orders:read": {"description": "Read orders", "opens": ["GET /orders/*"]}}'

    (scope,) = read(SCOPES=written).catalogue.scopes

    assert (scope.name, scope.opens) == ("orders:read", [Route("GET", "/orders/*")])


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("api:read api:write", "is not valid JSON"),
        ('{"a": ', "is not valid JSON"),
        ("[" * 100_000, "is nested deeper than 8"),
        ("[]", "must be a JSON object of 1 to 50 scopes"),
        ('{"a": {"description": "A", "opens": ["GET a"]}}', "opens 'GET a' with 'a'"),
        ('{"a": {}, "a": {}}', "gives 'a' more than once"),
        ('{"a": {"description": "A", "opens": ["GET /a"], "opens": []}}', "gives 'opens' more than once"),
    ],
)
def test_senseless_scopes_are_refused_with_an_example(value: str, wrong: str) -> None:
    """One line that says what is wrong, and an example that works."""
    (line,) = problems_of({**NEEDED, "SCOPES": value})

    assert line.startswith("SCOPES ")
    assert wrong in line
    assert read(**_example(line)).catalogue != DEFAULT_CATALOGUE


def test_all_problems_are_named_at_once() -> None:
    """The operator can correct everything at once."""
    environ = {**NEEDED, "TABLE_NAME": "", "ISSUER": "nowhere", "RETENTION_DAYS": "soon"}

    lines = problems_of(environ)

    assert sorted(line.split()[0] for line in lines) == ["ISSUER", "RETENTION_DAYS", "TABLE_NAME"]


def test_empty_environment_names_all_that_is_needed() -> None:
    """The first start says everything there is to do."""
    assert {line.split()[0] for line in problems_of({})} == set(NEEDED)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000/path", True),
        ("http://LOCALHOST", True),
        ("http://[::1]:8000", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://0.0.0.0:8000", False),
        ("http://127.0.0.2", False),
        ("http://169.254.169.254", False),
        ("http://[::2]", False),
        ("http://[::::]", False),
    ],
)
def test_plain_http_stays_on_this_machine(url: str, loopback: bool) -> None:
    """Without TLS only loopback will do, and nothing that merely looks like it."""
    assert is_loopback(url) is loopback
    if loopback:
        assert read(ISSUER=url, OIDC_ISSUER=url).issuer == url
    else:
        assert [line.split()[0] for line in problems_of({**NEEDED, "ISSUER": url})] == ["ISSUER"]


@pytest.mark.parametrize(
    ("idle_seconds", "refresh_seconds"),
    [("5", 0), ("9", 0), ("10", 1), ("100", 10), ("2999", 299), ("3000", 300), ("86400", 300)],
)
def test_short_idle_timeout_alone_is_enough(idle_seconds: str, refresh_seconds: int) -> None:
    """The refresh interval follows: ``IDLE_TIMEOUT_SECONDS=5 make run`` just works."""
    settings = read(IDLE_TIMEOUT_SECONDS=idle_seconds)

    assert settings.idle_timeout == timedelta(seconds=int(idle_seconds))
    assert settings.last_used_refresh == timedelta(seconds=refresh_seconds)


@pytest.mark.parametrize(
    ("idle", "refresh", "good"),
    [("400", "100", True), ("400", "101", False), ("5", "1", True), ("5", "2", False), ("3", "1", False)],
)
def test_refresh_interval_must_be_well_below_the_idle_timeout(idle: str, refresh: str, good: bool) -> None:
    """A token in use must never become idle between two recorded uses."""
    changes = {"IDLE_TIMEOUT_SECONDS": idle, "LAST_USED_REFRESH_SECONDS": refresh}
    if good:
        assert read(**changes).last_used_refresh == timedelta(seconds=int(refresh))
        return

    (line,) = problems_of({**NEEDED, **changes})

    assert line.startswith(f"LAST_USED_REFRESH_SECONDS is {refresh} but must be at most a quarter")
    assert f"IDLE_TIMEOUT_SECONDS={idle}" in line
    assert read(**{**changes, **_example(line)})


def test_senseless_refresh_interval_has_an_example_that_fits_the_idle_timeout() -> None:
    """The example of one setting is not a mistake beside another one."""
    changes = {"IDLE_TIMEOUT_SECONDS": "5", "LAST_USED_REFRESH_SECONDS": "often"}

    (line,) = problems_of({**NEEDED, **changes})

    assert read(**{**changes, **_example(line)})


@pytest.mark.parametrize("stage", ["prod", "production", "staging", "dev2", "test-1", "demo", "default"])
def test_authentication_cannot_be_disabled_on_other_stages(stage: str) -> None:
    """The open mode is for ``dev``, ``local`` and ``test``. The line names the setting and the stage."""
    (line,) = problems_of({"STAGE": stage, "AUTH_MODE": "none"}, GatewaySettings)

    assert line == f"AUTH_MODE must not be 'none' on stage {stage}, for example AUTH_MODE=oidc"
    assert gateway(STAGE=stage).auth_mode is AuthMode.OIDC


@pytest.mark.parametrize("stage", ["dev", "local", "test", ""])
def test_authentication_can_be_disabled_where_one_develops(stage: str) -> None:
    """Without a stage it is ``dev``."""
    assert gateway(STAGE=stage, AUTH_MODE="none").auth_mode is AuthMode.NONE


def test_packaging_is_known_by_chalices_own_mark() -> None:
    """Only Chalice's command line sets it; Lambda does not."""
    assert is_packaging({"AWS_CHALICE_CLI_MODE": "true"})
    assert not is_packaging({"AWS_LAMBDA_FUNCTION_NAME": "authorizer"})


def _without(name: str) -> dict[str, str]:
    return {key: value for key, value in NEEDED.items() if key != name}


def _example(line: str) -> dict[str, str]:
    """Return the setting that a line recommends."""
    name, _, value = line.partition(", for example ")[2].partition("=")
    return {name: value}


def test_resource_servers_are_read() -> None:
    """By client id, and kept out of what is printed."""
    digest = "a" * 64
    settings = read(RESOURCE_SERVERS=json.dumps({"orders": {"secret_sha256": digest}}))
    assert settings.resource_servers == {"orders": ResourceServer("orders", secret_sha256=digest)}
    assert digest not in repr(settings)


@pytest.mark.parametrize(
    "value", ["{", "[]", "{}", '{"orders": {"secret": "hunter2"}}', '{"a": 1, "a": 2}']
)
def test_senseless_resource_servers_are_named_with_an_example(value: str) -> None:
    """One line says what is wrong; a secret that was put there by mistake is not repeated."""
    (line,) = problems_of({**NEEDED, "RESOURCE_SERVERS": value})
    assert line.startswith("RESOURCE_SERVERS ")
    assert "for example RESOURCE_SERVERS=" in line
    assert "hunter2" not in line


def test_derived_tokens_are_read() -> None:
    """Audiences by commas, and the key that signs for them."""
    settings = read(DERIVED_TOKEN_AUDIENCES="https://a.example, b", DERIVED_TOKEN_KEY_ID="alias/x")
    assert settings.derived_token_audiences == {"https://a.example", "b"}
    assert settings.derived_token_key_id == "alias/x"


def test_derived_tokens_need_a_key() -> None:
    """The key is required if there is an audience, and only then."""
    (line,) = problems_of({**NEEDED, "DERIVED_TOKEN_AUDIENCES": "https://a.example"})
    assert line.startswith("DERIVED_TOKEN_KEY_ID is missing, for example DERIVED_TOKEN_KEY_ID=")
    assert read(DERIVED_TOKEN_AUDIENCES="https://a.example", **_example(line))


def test_derived_tokens_are_never_for_ourselves() -> None:
    """The API of our own audience must see revocations at once."""
    changes = {"DERIVED_TOKEN_AUDIENCES": NEEDED["AUDIENCE"], "DERIVED_TOKEN_KEY_ID": "x"}
    (line,) = problems_of({**NEEDED, **changes})
    assert line.startswith("DERIVED_TOKEN_AUDIENCES must not name AUDIENCE")


ALIAS, ARN = "alias/tokens", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"


@pytest.mark.parametrize(
    ("signing", "derived"),
    [(ALIAS, ALIAS), (ARN, ARN), (ARN, "1234abcd"), (f"arn:aws:kms:eu-west-1:1:{ALIAS}", ALIAS)],
)
def test_one_key_for_both_rings_is_refused(signing: str, derived: str) -> None:
    """The public half of access tokens is published, and that of API tokens never is."""
    for audiences in ("", "https://a.example"):
        changes = {"SIGNING_KEY_ID": signing, "DERIVED_TOKEN_KEY_ID": derived}
        (line,) = problems_of({**NEEDED, **changes, "DERIVED_TOKEN_AUDIENCES": audiences})
        assert line.startswith("DERIVED_TOKEN_KEY_ID must not name the key of SIGNING_KEY_ID")


def test_tokens_that_gateways_and_we_would_refuse_stop_the_start() -> None:
    """Long names are fine one by one. Together they make a token of more than 4,096 characters."""
    scopes = json.dumps({f"{n:064d}": {"description": "S", "opens": ["* /*"]} for n in range(50)})
    (line,) = problems_of({**NEEDED, "SCOPES": scopes})
    assert line.startswith("AUDIENCE together with ISSUER and SCOPES makes API tokens of up to ")
    long = {"AUDIENCE": "https://a.example/" + "x" * 3_000}
    (line,) = problems_of({**NEEDED, **long})
    assert line.startswith("AUDIENCE together with")
    assert read(**_example(line))
    derived = {"DERIVED_TOKEN_AUDIENCES": f"b,{'x' * 3_000}", "DERIVED_TOKEN_KEY_ID": "alias/x"}
    (line,) = problems_of({**NEEDED, **derived})
    assert line.startswith("DERIVED_TOKEN_AUDIENCES together with ISSUER and SCOPES makes access tokens")
    read(AUDIENCE="https://a.example/" + "x" * 2_000)


def test_a_client_asks_about_audiences_that_there_are() -> None:
    """An audience without tokens is a slip of the pen: the client would see no token as active."""
    digest = "a" * 64
    derived = {"DERIVED_TOKEN_AUDIENCES": "https://a.example", "DERIVED_TOKEN_KEY_ID": "alias/x"}

    def servers(audience: str) -> dict[str, str]:
        definition = {"orders": {"secret_sha256": digest, "audiences": [audience]}}
        return {**derived, "RESOURCE_SERVERS": json.dumps(definition)}

    (line,) = problems_of({**NEEDED, **servers("https://a.example/")})
    assert line.startswith("RESOURCE_SERVERS gives 'orders' the audience 'https://a.example/'")
    assert digest not in line
    for audience in ("https://a.example", NEEDED["AUDIENCE"]):
        read(**servers(audience))


@pytest.mark.parametrize("character", ["\u00e9", "\U0001f511", '"', "\\"])
def test_names_are_as_long_as_json_writes_them(character: str) -> None:
    """A short audience of characters that JSON escapes makes tokens that are too long."""
    audience = "https://a.example/" + character * 1400
    derived = {"DERIVED_TOKEN_AUDIENCES": audience, "DERIVED_TOKEN_KEY_ID": "alias/x"}
    (line,) = problems_of({**NEEDED, **derived})
    assert line.startswith("DERIVED_TOKEN_AUDIENCES together with ISSUER and SCOPES makes access tokens")
