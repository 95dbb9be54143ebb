"""The AWS account and region of a command, from the profile, the role or the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from infra.aws.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

AWS_ERRORS = (BotoCoreError, ClientError)


@dataclass(frozen=True, slots=True)
class Account:
    """The clients of one account in one region."""

    number: str
    region: str
    cloudformation: CloudFormationClient
    s3: S3Client
    dynamodb: DynamoDBClient

    @classmethod
    def of_session(cls, session: botocore.session.Session | None = None) -> Self:
        """Return the account of a session, by default the session of the environment.

        Raises DeploymentError if the credentials or the region are missing.
        """
        session = session or session_of_environment()
        try:
            cloudformation = cast("CloudFormationClient", session.create_client("cloudformation"))
            s3 = cast("S3Client", session.create_client("s3"))
            dynamodb = cast("DynamoDBClient", session.create_client("dynamodb"))
            number = _account_number(session)
        except (NoRegionError, NoCredentialsError) as error:
            raise DeploymentError(reason_of(error)) from error
        return cls(number, cloudformation.meta.region_name, cloudformation, s3, dynamodb)


def session_of_environment() -> botocore.session.Session:
    """Return a session that also reads AWS_REGION. Other SDKs do that, but botocore does not."""
    session = botocore.session.get_session()
    if region := os.environ.get("AWS_REGION"):
        session.set_config_variable("region", region)
    return session


def lambda_of_session(session: botocore.session.Session | None = None) -> Any:
    """Return a client of Lambda, by default with the session of the environment."""
    return (session or session_of_environment()).create_client("lambda")


def _account_number(session: botocore.session.Session) -> str:
    sts: Any = session.create_client("sts")
    number: str = sts.get_caller_identity()["Account"]
    return number


def reason_of(error: BaseException) -> str:
    """Return the message of AWS, or of the network, in one line. Name the setting that is missing."""
    if isinstance(error, ClientError):
        told = error.response["Error"]
        said = f"{error.operation_name} failed, {told.get('Code', '')}: {told.get('Message', '')}"
    elif isinstance(error, NoRegionError):
        said = "The region is missing. Set AWS_REGION, or use a profile with a region."
    elif isinstance(error, NoCredentialsError):
        said = (
            "The credentials are missing. Set AWS_PROFILE, sign in with `aws sso login`, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    else:
        said = str(error)
    return " ".join(said.split())
