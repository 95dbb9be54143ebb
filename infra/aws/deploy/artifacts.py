"""The zip and the template of a deployment, in a private bucket. Each object is named by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.aws.account import Account, reason_of, session_of_environment
from infra.aws.errors import DeploymentError
from infra.aws.package.build import Package
from infra.aws.terminal import Say

Complete = Callable[[dict[str, Any], bytes], dict[str, Any]]

_PREFIX = "bodhi-api-tokens"
_MAX_TEMPLATE_BYTES = 1_000_000
# CreateBucket refuses this region as a LocationConstraint, because it is the default.
_FIRST_REGION = "us-east-1"
_FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of this account. No call reaches a bucket of another account with the same name."""

    account: Account
    name: str

    def make_sure(self, say: Say) -> None:
        """Create the bucket unless it exists, without public access.

        Raises DeploymentError if it exists in another account.
        """
        try:
            self.account.s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self.account.number)
        except ClientError as error:
            self._create(error)
            say(f"Made the bucket {self.name}.")

    def put(self, content: bytes, extension: str) -> str:
        """Store content under its hash, and return the key."""
        key = f"{_PREFIX}/{hashlib.sha256(content).hexdigest()}.{extension}"
        if not self._has(key):
            self.account.s3.put_object(
                Bucket=self.name, Key=key, Body=content, ExpectedBucketOwner=self.account.number
            )
        return key

    def url_of(self, key: str) -> str:
        """Return the address from which CloudFormation reads a template (``TemplateURL``).

        CloudFormation takes only the public addresses of S3, which the SDK knows in every partition. This
        machine may be configured to reach S3 by FIPS, IPv6 or a VPC endpoint.
        """
        usual = Config(
            signature_version=UNSIGNED,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]
            # The name of a bucket may have full stops, which the certificates of S3 do not cover.
            s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"},
        )
        s3: Any = session_of_environment().create_client("s3", self.account.region, config=usual)
        place = {"Bucket": self.name, "Key": key}
        address: str = s3.generate_presigned_url("get_object", Params=place)
        return address

    def _has(self, key: str) -> bool:
        try:
            self.account.s3.head_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.account.number)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True

    def _create(self, missing: ClientError) -> None:
        if missing.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise DeploymentError(
                f"The bucket {self.name} cannot be used. It is another account's, or your role may not use "
                f"it. {reason_of(missing)}"
            ) from missing
        s3, region = self.account.s3, self.account.region
        if region == _FIRST_REGION:
            s3.create_bucket(Bucket=self.name)
        else:
            s3.create_bucket(
                Bucket=self.name,
                CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
            )
        s3.put_public_access_block(
            Bucket=self.name,
            ExpectedBucketOwner=self.account.number,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )


def default_bucket(account: Account) -> str:
    """Return the name of the bucket that is used if BUCKET is empty."""
    return f"{_PREFIX}-artifacts-{account.number}-{account.region}"


def upload(
    package: Package, bucket: Bucket, complete: Complete = lambda template, _: template
) -> tuple[dict[str, Any], str]:
    """Store the zip and the template, and return the stored template and its address.

    ``complete`` gets the packaged template and the zip, and returns the template to deploy.
    Raises DeploymentError, ClientError, BotoCoreError.
    """
    code = package.code.read_bytes()
    place = {"Bucket": bucket.name, "Key": bucket.put(code, "zip")}
    template = placed(complete(json.loads(package.template.read_text(encoding="utf-8")), code), place)
    body = json.dumps(template, separators=(",", ":")).encode()
    if len(body) > _MAX_TEMPLATE_BYTES:
        raise DeploymentError(f"The template has {len(body):,} bytes, but CloudFormation takes 1,000,000.")
    return template, bucket.url_of(bucket.put(body, "json"))


def placed(template: dict[str, Any], place: dict[str, str]) -> dict[str, Any]:
    """Return the template with the code of each function at a place in S3."""
    resources = {
        name: {**resource, "Properties": {**resource["Properties"], "CodeUri": place}}
        if resource["Type"] == _FUNCTION
        else resource
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": resources}
