"""The bucket that deployments go through: private, this account's, each object named by its content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from infra.aws.account import Account
from infra.aws.deploy.artifacts import Bucket, default_bucket, placed, upload
from infra.aws.errors import DeploymentError
from tests.deployment.desk import a_package, small_template


@pytest.fixture(params=["us-east-1", "eu-west-1"])
def account(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Return an account in moto: one region of S3 is unlike the others."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with mock_aws():
        yield Account.of_session()


@pytest.fixture
def bucket(account: Account) -> Bucket:
    """Return the bucket that is used where none is named; it is there."""
    bucket = Bucket(account, default_bucket(account))
    bucket.make_sure(lambda _: None)
    return bucket


def test_bucket_is_made_once_and_closed_to_the_public(account: Account) -> None:
    """Its name says whose it is, as names of buckets are everybody's."""
    bucket, said = Bucket(account, default_bucket(account)), list[str]()
    bucket.make_sure(said.append)
    bucket.make_sure(said.append)
    assert said == [f"Made the bucket bodhi-api-tokens-artifacts-{account.number}-{account.region}."]
    blocked = account.s3.get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]
    assert list(blocked.values()) == [True] * 4
    place = account.s3.get_bucket_location(Bucket=bucket.name).get("LocationConstraint")
    assert (place or "us-east-1") == account.region


def test_bucket_of_another_account_is_never_used(bucket: Bucket) -> None:
    """Whoever guessed the name and took it first would read, and could exchange, what we deploy."""
    with Stubber(bucket.account.s3) as s3:
        ours = {"Bucket": bucket.name, "ExpectedBucketOwner": bucket.account.number}
        s3.add_client_error("head_bucket", "403", http_status_code=403, expected_params=ours)
        with pytest.raises(DeploymentError, match="another account's"):
            bucket.make_sure(lambda _: None)


def test_same_content_is_stored_once(bucket: Bucket) -> None:
    """Under a name that only this content has; ten megabytes are not sent twice."""
    sent: list[str] = []
    bucket.account.s3.meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: sent.append(params["Key"])
    )
    first, again, other = bucket.put(b"a", "zip"), bucket.put(b"a", "zip"), bucket.put(b"b", "zip")
    assert first == again != other
    assert sent == [first, other]
    stored = bucket.account.s3.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert {each["Key"] for each in stored} == {first, other}


def test_template_is_read_by_its_address(bucket: Bucket, tmp_path: Path) -> None:
    """CloudFormation takes 51,200 bytes in a call; ours are more."""
    template, url = upload(a_package(tmp_path, small_template()), bucket)
    key = url.removeprefix(f"https://s3.{bucket.account.region}.amazonaws.com/{bucket.name}/")
    stored = bucket.account.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read()
    assert json.loads(stored) == template
    code = template["Resources"]["Function"]["Properties"]["CodeUri"]
    assert bucket.account.s3.head_object(Bucket=code["Bucket"], Key=code["Key"])["ContentLength"] > 0


HOSTS = {
    "us-east-1": "s3.us-east-1.amazonaws.com",
    "eu-west-1": "s3.eu-west-1.amazonaws.com",
    "us-gov-west-1": "s3.us-gov-west-1.amazonaws.com",
    "cn-north-1": "s3.cn-north-1.amazonaws.com.cn",
    "us-iso-east-1": "s3.us-iso-east-1.c2s.ic.gov",
    "eusc-de-east-1": "s3.eusc-de-east-1.amazonaws.eu",
}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL_S3": "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_REGION": "ap-east-1"},
    ],
    ids=lambda environment: next(iter(environment), "usual"),
)
def test_cloudformation_is_told_a_public_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """However this machine reaches S3. A full stop in the bucket's name would break a certificate."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for region, host in HOSTS.items():
        bucket = Bucket(Account("1", region, *(cast("Any", None),) * 3), "my.bucket")
        assert bucket.url_of("folder/x.json") == f"https://{host}/my.bucket/folder/x.json"


def test_only_functions_get_a_place_for_their_code() -> None:
    """Everything else stays as it was packaged."""
    before = small_template()
    after = placed(before, {"Bucket": "b", "Key": "k"})
    assert after["Resources"].pop("Function")["Properties"]["CodeUri"] == {"Bucket": "b", "Key": "k"}
    del before["Resources"]["Function"]
    assert after == before


def test_template_that_is_too_large_is_told(bucket: Bucket, tmp_path: Path) -> None:
    """CloudFormation would say so in its own way, after everything is uploaded."""
    template = small_template() | {"Metadata": {"x": "y" * 1_000_000}}
    with pytest.raises(DeploymentError, match="CloudFormation takes 1,000,000"):
        upload(a_package(tmp_path, template), bucket)
