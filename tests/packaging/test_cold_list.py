"""A cold process lists tokens without an SDK."""

import pytest

from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.packaging.fresh import ENVIRON, result_of
from tests.packaging.test_cold_refusals import CALL, HOST

PATHS = ["/v1/tokens", "/v1/tokens/summary", "/v1/me"]


@pytest.mark.parametrize("path", PATHS)
def test_cold_list_loads_no_sdk(path: str) -> None:
    """The calls to DynamoDB, by the page's session, go through our own client."""
    with dynamodb_stub(used_now=True) as stub:
        headers = {**HOST, "Cookie": f"__Host-bodhi_session={stub.cookie}"}
        status, loaded = result_of(
            CALL.format(path=path, headers=headers), ENVIRON | {"AWS_ENDPOINT_URL": stub.url}
        )
    assert status == 200
    assert {"boto3", "botocore", "urllib3", "jwt"}.isdisjoint(loaded)
    assert set(stub.calls) <= {"GetItem", "Query"}
