"""The operator in the events: named by AWS, asked once and only for a change."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.domain.events import Actor, ActorKind
from infra.aws.operate.operator_name import caller_of

ARN = "arn:aws:sts::111122223333:assumed-role/Operators/ann"


class Sts:
    """AWS STS, and the number of its calls. It may be out of reach."""

    def __init__(self, *, is_reached: bool) -> None:
        self.calls = 0
        self._is_reached = is_reached

    def create_client(self, service: str, **_: Any) -> Sts:
        """Return itself as the client."""
        assert service == "sts"
        return self

    def get_caller_identity(self) -> dict[str, str]:
        """Return the caller."""
        self.calls += 1
        if not self._is_reached:
            raise EndpointConnectionError(endpoint_url="https://sts.invalid")
        return {"Account": "111122223333", "Arn": ARN}


@pytest.mark.parametrize("is_reached", [True, False])
def test_caller_is_asked_for_once_and_only_for_a_change(*, is_reached: bool) -> None:
    """Without STS the change is made all the same, and the operator hears of the gap."""
    sts, warned = Sts(is_reached=is_reached), list[str]()
    session: Any = sts
    name = caller_of(session, warned.append)
    assert sts.calls == 0
    assert [name(), name()] == [Actor(ActorKind.OPERATOR, ARN if is_reached else None)] * 2
    assert sts.calls == 1
    assert len(warned) == (0 if is_reached else 1)
    assert all("do not name you" in line and "https://sts.invalid" in line for line in warned)
