"""Holds what other suites' calls ask of AWS against the policies too: rare rows make rare requests."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from app import app
from infra.aws.functions import API, PAGE, PAGE_PATHS
from tests.iam.gateway import routed
from tests.iam.policy import allows
from tests.iam.recorder import Recorder
from tests.iam.stack import ACCOUNT, REGION, STACK, TABLE, statements
from tests.support.dynamodb import Cloud

_SUITE = "suite"
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
_TAGS = {"bodhi-api-tokens:signs": "api-tokens", "bodhi-api-tokens:stack": STACK}


class Watch:
    """Fails a test during which a call asked for more than its function may do."""

    def __init__(self, cloud: Cloud) -> None:
        # Keys of tests have no tags: whether the right key signs is not asked here.
        self._recorder = Recorder(lambda key_id: (_KEY, _TAGS))
        for client in (cloud.dynamodb, cloud.kms):
            self._recorder.watch(client)

    @contextmanager
    def calling(
        self, method: str, path: str, table: str, environ: Callable[[], Mapping[str, Any]]
    ) -> Iterator[None]:
        """Watch one call of the API or the page over ``table``, in a process with these settings."""
        with self._recorder.running(_SUITE):
            yield
        families_are_revoked = environ().get("ROTATED_TOKEN_REUSE") == "revoke_family"
        policies = [
            statements(function, families_are_revoked=families_are_revoked)
            for function in _functions(method, path)
        ]
        for asked in self._recorder.requests.pop(_SUITE):
            request = replace(asked, resource=asked.resource.replace(table, TABLE))
            assert any(allows(policy, request) for policy in policies), f"{method} {path}: {request}"


def _functions(method: str, path: str) -> list[str]:
    """Return who answers: with an authorizer before it, two functions."""
    try:
        route = routed(path)[0]
    except LookupError:
        return [API]
    entry = app.routes[route].get(method)
    guarded = entry is not None and entry.authorizer is not None
    return [PAGE if route in PAGE_PATHS else API, *(["ApiTokenAuthorizer"] if guarded else [])]
