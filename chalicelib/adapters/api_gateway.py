"""API Gateway's own API, of which we use the two calls that forget cached decisions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import GatewayThrottled, GatewayUnavailable, StageNotFlushable

_REST = "restapis"


class RestApis(Protocol):
    """botocore's client of ``apigateway``, as far as it is used here."""

    def flush_stage_authorizers_cache(self, *, restApiId: str, stageName: str) -> object:  # noqa: N803
        """Forget every decision of a stage."""
        ...


class HttpApis(Protocol):
    """botocore's client of ``apigatewayv2``, as far as it is used here."""

    def reset_authorizers_cache(self, *, ApiId: str, StageName: str) -> object:  # noqa: N803
        """Forget every decision of a stage."""
        ...


class ApiGatewayCaches:
    """Caches of stages named ``restapis/<id>/<stage>`` or ``apis/<id>/<stage>``.

    Each client is made when there is a stage for it.
    """

    def __init__(self, rest: Callable[[], RestApis], http: Callable[[], HttpApis]) -> None:
        self._rest = rest
        self._http = http

    def flush(self, stage: str) -> None:
        """Forget every decision of a stage.

        Raises GatewayThrottled, GatewayUnavailable or StageNotFlushable.
        """
        kind, api_id, name = stage.split("/")
        with _translated():
            if kind == _REST:
                self._rest().flush_stage_authorizers_cache(restApiId=api_id, stageName=name)
            else:
                self._http().reset_authorizers_cache(ApiId=api_id, StageName=name)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise GatewayThrottled from error
        # A conflict passes: the stage is being deployed.
        if status == HTTPStatus.CONFLICT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise GatewayUnavailable from error
        raise StageNotFlushable from error
    except BotoCoreError as error:
        raise GatewayUnavailable from error
