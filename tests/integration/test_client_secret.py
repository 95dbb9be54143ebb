"""The OpenID client's secret in Secrets Manager and SSM, read when it is needed and when it changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.aws import secret_client
from chalicelib.adapters.oidc.client_secret import MAX_AGE, SPACING, FixedSecret, StoredSecret, stored_value
from chalicelib.adapters.oidc.login import OidcLogin
from chalicelib.bootstrap import Service
from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.reasons import ProviderReason
from tests.support.clock import FixedClock
from tests.support.service import ENVIRON

REGION = "eu-west-1"
SECRET = "s3cret-of-the-client"


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run moto. The process itself is in another region than the secrets."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def secret_of(**value: Any) -> str:
    """Return the ARN of a new secret in Secrets Manager."""
    arn: str = boto3.client("secretsmanager", REGION).create_secret(Name="bodhi/oidc", **value)["ARN"]
    return arn


def parameter_of(value: str, kind: Any = "SecureString") -> str:
    """Return the ARN of a new parameter in SSM."""
    ssm = boto3.client("ssm", REGION)
    ssm.put_parameter(Name="/bodhi/oidc", Value=value, Type=kind)
    arn: str = ssm.get_parameter(Name="/bodhi/oidc")["Parameter"]["ARN"]
    return arn


def refusal_of(arn: str) -> IdentityProviderUnavailable:
    """Return the error that reading ends with."""
    with pytest.raises(IdentityProviderUnavailable) as raised:
        stored_value(arn, secret_client)
    assert raised.value.reason is ProviderReason.CLIENT_SECRET_UNREADABLE
    assert raised.value.reason.retry_helps
    return raised.value


class TestReading:
    """The value by its ARN, in the region of the ARN."""

    def test_secret_is_read_from_secrets_manager(self) -> None:
        """The region is the secret's own."""
        assert stored_value(secret_of(SecretString=SECRET), secret_client) == SECRET

    @pytest.mark.parametrize("kind", ["SecureString", "String"])
    def test_secret_is_read_from_ssm(self, kind: str) -> None:
        """A SecureString comes decrypted."""
        assert stored_value(parameter_of(SECRET, kind), secret_client) == SECRET

    def test_line_end_of_a_file_is_no_part_of_the_secret(self) -> None:
        """``--secret-string file://secret`` brings it along, and the environment drops it too."""
        assert stored_value(secret_of(SecretString=f" {SECRET}\n"), secret_client) == SECRET

    @pytest.mark.parametrize("value", [{"SecretBinary": b"x"}, {"SecretString": " \n"}])
    def test_secret_without_a_text_is_told(self, value: dict[str, Any]) -> None:
        """The log names the cause."""
        assert refusal_of(secret_of(**value)).facts == {"cause": "no_text"}

    @pytest.mark.parametrize("response", [{}, {"Parameter": {}}, {"Parameter": {"Value": None}}])
    def test_response_without_a_value_is_told(self, response: Mapping[str, Any]) -> None:
        """A service that sends something else has no secret."""

        class Client:
            """A client with one response."""

            def get_parameter(self, **_: Any) -> Mapping[str, Any]:
                """Respond."""
                return response

            get_secret_value = get_parameter

        for service in ("ssm", "secretsmanager"):
            with pytest.raises(IdentityProviderUnavailable) as raised:
                stored_value(f"arn:aws:{service}:{REGION}:123456789012:x", lambda *_: Client())
            assert raised.value.facts == {"cause": "no_text"}

    @pytest.mark.parametrize(
        ("arn", "cause"),
        [
            (
                f"arn:aws:secretsmanager:{REGION}:123456789012:secret:gone-a1B2c3",
                "ResourceNotFoundException",
            ),
            (f"arn:aws:ssm:{REGION}:123456789012:parameter/gone", "ParameterNotFound"),
        ],
    )
    def test_missing_secret_is_told(self, arn: str, cause: str) -> None:
        """By the name that AWS gives the fault."""
        assert refusal_of(arn).facts == {"cause": cause}

    def test_dead_connection_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The name of the SDK's error is the cause."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
        told = refusal_of(f"arn:aws:secretsmanager:{REGION}:123456789012:secret:x-a1B2c3")
        assert told.facts == {"cause": "EndpointConnectionError"}


@dataclass
class Kept:
    """A secret that can be changed and become unreadable; counts its reads."""

    values: list[str] = field(default_factory=lambda: ["first"])
    reads: int = 0
    error: Exception | None = None

    def read(self) -> str:
        """Return the newest value."""
        self.reads += 1
        if self.error:
            raise self.error
        return self.values[-1]


@pytest.fixture
def kept() -> Kept:
    """Return a secret."""
    return Kept()


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands still."""
    return FixedClock()


class TestKeeping:
    """A read is kept for a while."""

    def test_secret_is_read_at_the_first_sign_in_only(self, kept: Kept, clock: FixedClock) -> None:
        """Not when the process starts, and not again within five minutes."""
        secret = StoredSecret(kept.read, clock)
        assert kept.reads == 0
        for _ in range(3):
            assert secret.current() == "first"
            clock.advance(MAX_AGE / 4)
        assert kept.reads == 1

    def test_changed_secret_is_used_after_five_minutes(self, kept: Kept, clock: FixedClock) -> None:
        """Also if the provider still takes the old one."""
        secret = StoredSecret(kept.read, clock)
        assert secret.current() == "first"
        kept.values.append("second")
        clock.advance(MAX_AGE)
        assert secret.current() == "second"

    def test_clock_that_was_set_back_keeps_nothing_for_ever(self, kept: Kept, clock: FixedClock) -> None:
        """The age is unknown then, so the secret is read again."""
        secret = StoredSecret(kept.read, clock)
        secret.current()
        clock.advance(timedelta(days=-1))
        secret.current()
        assert kept.reads == 2

    def test_refused_secret_is_read_again_and_told_only_if_it_changed(
        self, kept: Kept, clock: FixedClock
    ) -> None:
        """The same secret once more would be refused once more."""
        secret = StoredSecret(kept.read, clock)
        refused = secret.current()
        clock.advance(SPACING)
        assert secret.instead_of(refused) is None
        kept.values.append("second")
        clock.advance(SPACING)
        assert secret.instead_of(refused) == "second" == secret.current()

    def test_wrong_secret_is_not_read_for_each_sign_in(self, kept: Kept, clock: FixedClock) -> None:
        """People who sign in while it is wrong cost one read in five seconds."""
        secret = StoredSecret(kept.read, clock)
        for _ in range(100):
            assert secret.instead_of(secret.current()) is None
        assert kept.reads == 1
        clock.advance(SPACING)
        for _ in range(100):
            assert secret.instead_of(secret.current()) is None
        assert kept.reads == 2

    def test_secret_that_another_sign_in_has_read_counts(self, kept: Kept, clock: FixedClock) -> None:
        """A sign-in that began with the old secret takes the new one without another read."""
        secret = StoredSecret(kept.read, clock)
        old = secret.current()
        kept.values.append("second")
        clock.advance(MAX_AGE)
        secret.current()
        assert secret.instead_of(old) == "second"
        assert kept.reads == 2

    def test_unreadable_secret_is_not_remembered(self, kept: Kept, clock: FixedClock) -> None:
        """The next sign-in reads again."""
        secret = StoredSecret(kept.read, clock)
        kept.error = IdentityProviderUnavailable(ProviderReason.CLIENT_SECRET_UNREADABLE)
        with pytest.raises(IdentityProviderUnavailable):
            secret.current()
        kept.error = None
        assert secret.current() == "first"

    def test_secret_of_a_setting_is_never_another_one(self) -> None:
        """A public client has none."""
        assert (FixedSecret("x").current(), FixedSecret("x").instead_of("x")) == ("x", None)
        assert FixedSecret(None).current() is None

    def test_secret_is_in_no_repr(self, kept: Kept, clock: FixedClock) -> None:
        """Neither as a setting nor as it is kept."""
        secret = StoredSecret(kept.read, clock)
        secret.current()
        assert "first" not in f"{secret!r} {secret._reading!r} {FixedSecret('first')!r}"


def login_of(environ: dict[str, str]) -> OidcLogin:
    """Return the sign-in that the service makes."""
    login = Service({**ENVIRON, **environ}).login_provider
    assert isinstance(login, OidcLogin)
    return login


def test_service_reads_the_secret_that_its_setting_names() -> None:
    """The ARN is all that the environment holds."""
    login = login_of({"OIDC_CLIENT_SECRET_ARN": secret_of(SecretString=SECRET)})
    assert login._client_secret.current() == SECRET


def test_local_service_takes_the_secret_from_its_setting() -> None:
    """As before: nothing is read."""
    assert login_of({"OIDC_CLIENT_SECRET": "local"})._client_secret == FixedSecret("local")
    assert login_of({})._client_secret == FixedSecret(None)
