"""New keys in KMS, protected like the keys that they replace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.adapters.kms import read_public_key
from chalicelib.domain.errors import SigningUnavailable

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import TagTypeDef

    from chalicelib.domain.keys import VerificationKey
    from chalicelib.domain.ports.time import Clock

_RESERVED = "aws:"
_ATTEMPTS = 5
_PAUSE_SECONDS = 2

Pause = Callable[[float], None]


def create_key_like(kms: KMSClient, key_id: str) -> str:
    """Make an ES256 key with the key policy, tags and description of another key, and return its ARN.

    Grants are not copied, because each is for one key. Raises ClientError, BotoCoreError.
    """
    model = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    made = kms.create_key(
        KeySpec="ECC_NIST_P256",
        KeyUsage="SIGN_VERIFY",
        Description=model.get("Description", ""),
        Policy=kms.get_key_policy(KeyId=model["KeyId"], PolicyName="default")["Policy"],
        Tags=_tags(kms, model["KeyId"]),
    )
    return made["KeyMetadata"]["Arn"]


def read_new_key(kms: KMSClient, arn: str, clock: Clock, pause: Pause = time.sleep) -> VerificationKey:
    """Return the public half of a key made a moment ago. Raises SigningUnavailable.

    KMS is eventually consistent, and may not find the key for some seconds.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return read_public_key(kms, arn, clock.now())
        except SigningUnavailable:
            pause(_PAUSE_SECONDS)
    return read_public_key(kms, arn, clock.now())


def _tags(kms: KMSClient, key_id: str) -> list[TagTypeDef]:
    """Return the tags that another key may have. The tags of CloudFormation are reserved."""
    pages = kms.get_paginator("list_resource_tags").paginate(KeyId=key_id)
    tags = [tag for page in pages for tag in page["Tags"]]
    return [tag for tag in tags if not tag["TagKey"].startswith(_RESERVED)]
