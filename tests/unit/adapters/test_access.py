"""When the lean client may be used: in a plain Lambda function, with nothing else set."""

from collections.abc import Mapping

import botocore.session
import pytest

from chalicelib.adapters.dynamodb.lean.access import Access, LeftToSdk

PLAIN = {
    "AWS_LAMBDA_FUNCTION_NAME": "bodhi-authorizer",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret/+of=40",
    "AWS_SESSION_TOKEN": "session/+token==",
    "TABLE_NAME": "bodhi",
    "PATH": "/usr/bin",
}


def access(environ: Mapping[str, str]) -> Access:
    """Return the access that there must be."""
    found = Access.from_environ({**PLAIN, **environ})
    assert isinstance(found, Access)
    return found


def test_plain_lambda_has_access() -> None:
    """Everything that a call needs comes from what Lambda sets."""
    found = access({})
    assert found == Access(
        "eu-west-1",
        "https",
        "dynamodb.eu-west-1.amazonaws.com",
        443,
        "ASIAEXAMPLE",
        "secret/+of=40",
        "session/+token==",
    )
    assert found.host == "dynamodb.eu-west-1.amazonaws.com"


def test_credentials_stay_out_of_the_repr() -> None:
    """Whatever is logged or raised with it."""
    assert "secret" not in repr(access({}))
    assert "session/" not in repr(access({}))
    assert "ASIA" not in repr(access({}))


@pytest.mark.parametrize(
    "name",
    [
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ],
)
def test_nothing_that_is_needed_may_be_missing(name: str) -> None:
    """Missing or empty, the SDK must find it elsewhere."""
    assert Access.from_environ({n: v for n, v in PLAIN.items() if n != name}) == LeftToSdk(name)
    if name != "AWS_LAMBDA_FUNCTION_NAME":
        assert Access.from_environ(PLAIN | {name: ""}) == LeftToSdk(name)


@pytest.mark.parametrize(
    "setting",
    [
        {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/credentials"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials"},
        {"AWS_CREDENTIAL_EXPIRATION": "2026-01-15T12:00:00Z"},
        {"AWS_PROFILE": "other"},
        {"AWS_CONFIG_FILE": "/var/task/config"},
        {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"},
        {"AWS_CA_BUNDLE": "/var/task/ca.pem"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_SOMETHING_NEW": "1"},
        {"HTTPS_PROXY": "http://proxy:3128"},
        {"https_proxy": "http://proxy:3128"},
        {"ALL_PROXY": "http://proxy:3128"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_what_only_the_sdk_does_is_left_to_it(setting: dict[str, str]) -> None:
    """Credentials that are refreshed, other endpoints, other authorities, and settings of tomorrow.

    The variable is named, and its value is not.
    """
    assert Access.from_environ(PLAIN | setting) == LeftToSdk(next(iter(setting)))


@pytest.mark.parametrize(
    "setting",
    [
        {"AWS_CONFIG_FILE": "/dev/null"},
        {"AWS_PROFILE": ""},
        {"AWS_ACCOUNT_ID": "123456789012"},
        {"AWS_EC2_METADATA_DISABLED": "true"},
        {"NO_PROXY": "*"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_what_changes_nothing_is_passed_over(setting: dict[str, str]) -> None:
    """Nothing set, or nothing that a call with these credentials would notice."""
    assert access(setting) == access({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCESS_KEY_ID", "ASIA\r\nx: y"),
        ("AWS_SECRET_ACCESS_KEY", "se cret"),
        ("AWS_SESSION_TOKEN", "token\n"),
        ("AWS_SESSION_TOKEN", "\u2713"),
        ("AWS_REGION", "eu-west-1/"),
        ("AWS_REGION", "mars-north-1"),
        ("AWS_REGION", "us-iso-east-1"),
        ("AWS_ENDPOINT_URL", "http://dynamodb.example.com"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1.example.com"),
        ("AWS_ENDPOINT_URL", "https://example.com/path"),
        ("AWS_ENDPOINT_URL", "https://user@example.com"),
        ("AWS_ENDPOINT_URL", "https://example.com\r\nx: y"),
        ("AWS_ENDPOINT_URL", "ftp://example.com"),
        ("AWS_ENDPOINT_URL", "https://[::1]:8000"),
    ],
)
def test_what_cannot_be_written_into_a_request_is_not(name: str, value: str) -> None:
    """No line of a request is broken, and nothing but this machine is spoken to in the clear."""
    assert Access.from_environ(PLAIN | {name: value}) == LeftToSdk(name)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
        ("http://localhost/", "localhost"),
        (
            "https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com",
            "vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com",
        ),
        ("https://127.0.0.1:8443", "127.0.0.1:8443"),
        ("https://example.com:443", "example.com"),
    ],
)
def test_endpoints_that_are_set_are_used(url: str, host: str) -> None:
    """The one of DynamoDB before the one of all services."""
    assert access({"AWS_ENDPOINT_URL": url}).host == host
    both = {"AWS_ENDPOINT_URL": "https://other.example.com", "AWS_ENDPOINT_URL_DYNAMODB": url}
    assert access(both).host == host


def test_endpoints_are_the_sdks() -> None:
    """In every region that the SDK knows; where the form is another one, the SDK is left to it."""
    session = botocore.session.get_session()
    known = 0
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("dynamodb", partition):
            if "fips" in region or region == "local":
                continue
            ours = Access.from_environ(PLAIN | {"AWS_REGION": region})
            if isinstance(ours, LeftToSdk):
                continue
            client = session.create_client(
                "dynamodb", region, aws_access_key_id="x", aws_secret_access_key="y"
            )
            assert client.meta.endpoint_url == f"https://{ours.host}"
            known += 1
    assert known >= 30
