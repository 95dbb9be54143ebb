"""Holds what other suites' calls ask of AWS against the policies too: rare rows make rare requests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from app import app
from infra.aws.package.functions import API, PAGE, PAGE_PATHS
from tests.iam.gateway import routed
from tests.iam.outside import Question, answers
from tests.iam.policy import Request, allows
from tests.iam.recorder import Recorder, without_row_ids
from tests.iam.stack import ACCOUNT, REGION, STACK, TABLE, role_arn, statements
from tests.support.dynamodb import Cloud

_SUITE = "suite"
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
_TAGS = {"bodhi-api-tokens:signs": "api-tokens", "bodhi-api-tokens:stack": STACK}


@dataclass(frozen=True)
class SecondOpinion:
    """The requests of all calls, each once, for an evaluator that is not ours."""

    _asked: dict[tuple[Request, tuple[str, ...], bool], None] = field(default_factory=dict)

    def note(self, request: Request, functions: Sequence[str], *, families_are_revoked: bool) -> None:
        """Keep a request of one of these functions."""
        self._asked[without_row_ids(request), tuple(functions), families_are_revoked] = None

    def judge(self, node: str) -> None:
        """Fail for a request that none of its functions may make."""
        asked = [
            (request, functions, function, families_are_revoked)
            for request, functions, families_are_revoked in self._asked
            for function in functions
        ]
        questions = [
            Question(statements(function, families_are_revoked=revoked), request, role_arn(function))
            for request, _, function, revoked in asked
        ]
        allowed = {
            case[:2] for case, answer in zip(asked, answers(node, questions), strict=True) if answer.allowed
        }
        assert [case for case in asked if case[:2] not in allowed] == []


class Watch:
    """Fails a test during which a call asked for more than its function may do."""

    def __init__(self, cloud: Cloud, opinion: SecondOpinion) -> None:
        self._opinion = opinion
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
        functions = _functions(method, path)
        for asked in self._recorder.requests.pop(_SUITE):
            request = replace(asked, resource=asked.resource.replace(table, TABLE))
            assert any(
                _is_allowed(function, request, families_are_revoked=families_are_revoked)
                for function in functions
            ), f"{method} {path}: {request}"
            self._opinion.note(request, functions, families_are_revoked=families_are_revoked)


@cache
def _is_allowed(function: str, request: Request, *, families_are_revoked: bool) -> bool:
    """Tell whether a function may make a request. The same few are made again and again."""
    return allows(statements(function, families_are_revoked=families_are_revoked), request)


def _functions(method: str, path: str) -> list[str]:
    """Return who answers: with an authorizer before it, two functions."""
    try:
        route = routed(path).route
    except ValueError:
        return [API]
    entry = app.routes[route].get(method)
    guarded = entry is not None and entry.authorizer is not None
    return [PAGE if route in PAGE_PATHS else API, *(["ApiTokenAuthorizer"] if guarded else [])]
