"""The committed configuration is an example: what may be deployed of it, and what is told then."""

from __future__ import annotations

import pytest

from infra.aws.deploy.examples import next_steps, refuse_examples
from infra.aws.errors import DeploymentError

REAL = {
    "ISSUER": "https://tokens.acme.io",
    "AUDIENCE": "https://acme.io/api",
    "OIDC_ISSUER": "https://login.acme.io/",
}
ADDRESS = {"EndpointURL": "https://a1b2.execute-api.eu-west-1.amazonaws.com/v1/"}


@pytest.mark.parametrize("first", [True, False])
def test_settings_of_ones_own_are_deployed(first: bool) -> None:
    """Whatever they are."""
    refuse_examples(REAL, "dev", first=first)


@pytest.mark.parametrize(
    "url",
    ["https://login.example.com", "https://example.org/x", "https://x.invalid", "https://a.b.test:8443/"],
)
def test_provider_that_nobody_has_is_refused(url: str) -> None:
    """Nobody could ever sign in."""
    with pytest.raises(
        DeploymentError, match=r"OIDC_ISSUER of the stage dev is an example\. .*settings/dev\.json"
    ):
        refuse_examples(REAL | {"OIDC_ISSUER": url}, "dev", first=True)


def test_address_that_is_not_known_yet_may_wait() -> None:
    """API Gateway gives one to the first deployment; the next one has to have it."""
    settings = REAL | {"ISSUER": "https://api.example.com", "AUDIENCE": "https://api.example.com/api"}
    refuse_examples(settings, "prod", first=True)
    with pytest.raises(DeploymentError, match="ISSUER and AUDIENCE of the stage prod are examples"):
        refuse_examples(settings, "prod", first=False)
    told = "\n".join(next_steps(settings, ADDRESS, "prod"))
    assert '"ISSUER": "https://a1b2.execute-api.eu-west-1.amazonaws.com/v1"' in told
    assert "in .chalice/settings/prod.json:" in told
    assert "make deploy STAGE=prod" in told


@pytest.mark.parametrize(
    "url", ["https://notexample.com", "https://example.com.acme.io", "https://test.io"]
)
def test_names_that_only_look_like_examples_pass(url: str) -> None:
    """Reserved are the names themselves and what is below them."""
    refuse_examples(REAL | {"OIDC_ISSUER": url}, "dev", first=False)


def test_next_step_is_told() -> None:
    """What the provider has to allow, where the page is, and what DNS needs."""
    domain = {"DomainTarget": "d-1.execute-api.aws", "DomainTargetHostedZoneId": "Z1"}
    told = "\n".join(next_steps(REAL, ADDRESS | domain, "dev"))
    assert "https://tokens.acme.io/settings/api-tokens" in told
    assert "https://tokens.acme.io/login/callback" in told
    assert "alias of d-1.execute-api.aws. In Route 53 its hosted zone is Z1.\n" in told
    assert "alias" not in "\n".join(next_steps(REAL, ADDRESS, "dev"))
