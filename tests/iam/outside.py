"""Asks an evaluator of IAM policies that is not ours: ``@cloud-copilot/iam-simulate``, in Node.

It knows from AWS's Service Authorization Reference which condition keys come with which action, and on
which kind of resource an action works. A key that AWS does not document for an action is passed over, and
is named in the answer.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.iam.policy import Request, Statement
from tests.iam.stack import ACCOUNT, OTHER_ROLE_ARN, signing_key_policy

FOLDER = Path(__file__).parent
_LISTS = frozenset({"dynamodb:Attributes", "dynamodb:LeadingKeys"})
"""Condition keys with several values. All others have one."""


@dataclass(frozen=True)
class Answer:
    """The evaluator's answer; ``error`` is set if it could not judge."""

    result: str = ""
    ignored: Sequence[str] = ()
    error: str = ""

    @property
    def allowed(self) -> bool:
        """True if the request is allowed."""
        return self.result == "Allowed"


@dataclass(frozen=True)
class Question:
    """May a role with these statements make this request?"""

    statements: Sequence[Statement]
    request: Request
    role: str = OTHER_ROLE_ARN


def answers(node: str, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers in the order of the questions, all by one process of Node."""
    policies: dict[str, int] = {}
    asked: dict[str, int] = {}
    places = []
    for question in questions:
        policy = policies.setdefault(_written(_documents(question)), len(policies))
        text = _written({"policy": policy, **_asked(question.request)})
        places.append(asked.setdefault(text, len(asked)))
    # Each text is JSON already: five authorizers share one policy, so most questions are asked twice.
    given = f'{{"policies": [{",".join(policies)}], "questions": [{",".join(asked)}]}}'
    command = [node, str(FOLDER / "evaluate.mjs")]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = [Answer(**answer) for answer in json.loads(done.stdout)]
    return [found[place] for place in places]


def _documents(question: Question) -> Mapping[str, Any]:
    document = {"Version": "2012-10-17", "Statement": question.statements}
    return {"principal": question.role, "identity": document, "key": signing_key_policy()}


def _asked(request: Request) -> Mapping[str, Any]:
    context = {
        key: sorted(values) if key in _LISTS else next(iter(values)) for key, values in request.context
    }
    return {
        "account": ACCOUNT,
        "action": request.action,
        "resource": request.resource,
        "context": context,
    }


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True)
