"""The policies before an evaluator that is not ours, with every request that the walk records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from infra.aws.package.functions import PAGE
from tests.iam.outside import FOLDER, Answer, Question, answers
from tests.iam.policy import Request, Statement, allows, applies
from tests.iam.recorder import without_row_ids
from tests.iam.stack import TABLE_ARN, policy_files, role_arn, statements
from tests.iam.suite import SecondOpinion
from tests.iam.test_functions import CANNOT, UNSUPPLIED
from tests.iam.walk import walked
from tests.support.node import node_with_packages

pytestmark = pytest.mark.slow

RECORDED, FORBIDDEN, BEREFT = "recorded", "forbidden", "bereft"


@dataclass(frozen=True)
class Case:
    """A request before the policy of a function, with the other evaluator's answer."""

    kind: str
    function: str
    null_checks: bool
    policy: Sequence[Statement]
    request: Request
    answer: Answer

    @property
    def told(self) -> str:
        """The case in one line."""
        return f"{self.function} (null checks: {self.null_checks}): {self.request} {self.answer}"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Return every case, judged by one process of Node."""
    node = node_with_packages(FOLDER)
    asked = list(_asked())
    judged = answers(
        node,
        [Question(policy, request, role_arn(function)) for _, function, _, policy, request in asked],
    )
    return [Case(*case, answer) for case, answer in zip(asked, judged, strict=True)]


def _asked() -> Iterator[tuple[str, str, bool, Sequence[Statement], Request]]:
    for families_are_revoked in (False, True):
        requests = walked(families_are_revoked=families_are_revoked).requests
        for function in policy_files():
            kinds = {
                RECORDED: requests[function],
                FORBIDDEN: CANNOT[function],
                BEREFT: [*UNSUPPLIED[function], *_without_each_key(requests[function])],
            }
            for null_checks in (True, False):
                policy = statements(
                    function, families_are_revoked=families_are_revoked, null_checks=null_checks
                )
                for kind, found in kinds.items():
                    yield from ((kind, function, null_checks, policy, request) for request in found)


def _without_each_key(requests: Sequence[Request]) -> Iterator[Request]:
    """Return the requests for rows once without each of their condition keys.

    Requests that differ in whose rows they are for are one.
    """
    rows = dict.fromkeys(map(without_row_ids, requests))
    for request in rows:
        context = dict(request.context)
        for key in context if request.values("dynamodb:LeadingKeys") else ():
            others = {name: values for name, values in context.items() if name != key}
            yield Request.of(request.action, request.resource, others)


def test_every_recorded_request_is_allowed(cases: list[Case]) -> None:
    """With the Null checks and without them."""
    recorded = [case for case in cases if case.kind == RECORDED]
    assert {case.function for case in recorded} == set(policy_files())
    assert [case.told for case in recorded if not case.answer.allowed] == []


def test_nothing_that_is_forbidden_is_allowed(cases: list[Case]) -> None:
    """The list that was written down independently of the policies stays out of reach."""
    forbidden = [case for case in cases if case.kind == FORBIDDEN]
    assert [case.told for case in forbidden if case.answer.allowed] == []


def test_request_without_its_condition_keys_is_denied(cases: list[Case]) -> None:
    """If AWS supplies no leading keys, or no attributes that a statement names, the request is denied.

    Without the Null checks many of these requests are allowed.
    """
    bereft = [case for case in cases if case.kind == BEREFT]
    unkeyed = [
        case for case in bereft if case.null_checks and case.request.values("dynamodb:LeadingKeys") is None
    ]
    assert unkeyed
    assert [case.told for case in unkeyed if case.answer.allowed] == []
    unsupplied = [case for case in bereft if case.request in UNSUPPLIED[case.function]]
    assert [case.told for case in unsupplied if case.null_checks and case.answer.allowed] == []
    unguarded = [case for case in unsupplied if not case.null_checks]
    assert {case.function for case in unguarded if case.answer.allowed} == set(policy_files())


def test_both_evaluators_give_the_same_answer(cases: list[Case]) -> None:
    """So what other suites' calls are held against is right too."""
    assert [case.told for case in cases if case.answer.error] == []
    differing = [
        case.told for case in cases if allows(case.policy, case.request) is not case.answer.allowed
    ]
    assert differing == []


def test_aws_documents_every_key_that_is_compared(cases: list[Case]) -> None:
    """No statement compares a condition key that AWS never supplies with the action."""
    for case in cases:
        if case.kind == RECORDED:
            allowing = [statement for statement in case.policy if applies(statement, case.request)]
            compared = {key for statement in allowing for key in _keys_of(statement)}
            assert not compared & set(case.answer.ignored), case.told


def _keys_of(statement: Statement) -> Iterator[str]:
    for keys in statement.get("Condition", {}).values():
        yield from keys


def test_question_that_means_nothing_is_an_error() -> None:
    """An answer about an unknown action, a wrong resource or a broken policy would prove nothing."""
    node = node_with_packages(FOLDER)
    allow: Mapping[str, Any] = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    known = Request.of("dynamodb:PutItem", TABLE_ARN, {})
    questions = [
        Question([allow], known),
        Question([allow], Request.of("dynamodb:TransactWriteItems", TABLE_ARN, {})),
        Question([allow], Request.of("dynamodb:ListStreams", f"{TABLE_ARN}/stream/x", {})),
        Question([{**allow, "Conditions": {}}], known),
    ]
    first, *others = answers(node, questions)
    assert first.allowed
    assert all(answer.error and not answer.allowed for answer in others)


def test_calls_of_other_suites_are_judged_too() -> None:
    """One of two functions has to be allowed to make the call; whose rows it is for does not matter."""
    node, door = node_with_packages(FOLDER), "ApiTokenAuthorizer"
    context = {"dynamodb:LeadingKeys": ["U#usr_1"], "dynamodb:Attributes": ["pk", "sk"]}
    for action, allowed in (("BatchGetItem", True), ("DeleteItem", False)):
        opinion = SecondOpinion()
        request = Request.of(f"dynamodb:{action}", TABLE_ARN, context)
        opinion.note(request, (PAGE, door), families_are_revoked=False)
        if allowed:
            opinion.judge(node)
        else:
            with pytest.raises(AssertionError):
                opinion.judge(node)
