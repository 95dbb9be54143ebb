"""API Gateway's own API: the two calls that flush the cached decisions of a stage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import GatewayThrottled, GatewayUnavailable, StageNotFlushable

_REST = "restapis"


class RestApis(Protocol):
    """The part of botocore's client of ``apigateway`` that is used here."""

    def flush_stage_authorizers_cache(self, *, restApiId: str, stageName: str) -> object:  # noqa: N803
        """Flush the cached decisions of a stage."""
        ...


class HttpApis(Protocol):
    """The part of botocore's client of ``apigatewayv2`` that is used here."""

    def reset_authorizers_cache(self, *, ApiId: str, StageName: str) -> object:  # noqa: N803
        """Flush the cached decisions of a stage."""
        ...


class ApiGatewayCaches:
    """The caches of stages that are named ``restapis/<id>/<stage>`` or ``apis/<id>/<stage>``.

    Each client is made for the first stage that needs it.
    """

    def __init__(self, rest: Callable[[], RestApis], http: Callable[[], HttpApis]) -> None:
        self._rest = rest
        self._http = http

    def flush(self, stage: str) -> None:
        """Flush the cached decisions of a stage.

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
        # A conflict is temporary, because the stage is being deployed.
        if status == HTTPStatus.CONFLICT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise GatewayUnavailable from error
        raise StageNotFlushable from error
    except BotoCoreError as error:
        raise GatewayUnavailable from error
