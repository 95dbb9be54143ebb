"""Who may do what in the packaged template: a role for each function, with the policies that are proven."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.aws.package.flushing import FLUSHER
from infra.aws.package.functions import API_ROLE, functions_in, log_group_of, role_of
from tests.iam.policy import Request, applies
from tests.iam.stack import Stack, document, policy_files

pytestmark = pytest.mark.slow

ROLES = "arn:aws:iam::123456789012:role"
API_ROLE_ARN = Stack({}).values[f"{API_ROLE}.Arn"]


def test_each_function_has_a_role_of_its_own(template: Mapping[str, Any]) -> None:
    """What one of them is given no other one has."""
    resources = template["Resources"]
    functions = functions_in(resources)
    roles = {name: role_of(resources[name]) for name in functions}
    assert sorted(policy_files()) == functions
    assert len(set(roles.values())) == len(functions)
    others = {n for n, r in resources.items() if r["Type"] == "AWS::IAM::Role"} - set(roles.values())
    assert others == {"GatewayLogWriter"}, "that of API Gateway, see test_edge"
    assert not [n for n, r in resources.items() if "Policy" in r["Type"]]


def test_each_role_has_the_policy_that_is_proven_and_its_log_group(template: Mapping[str, Any]) -> None:
    """Word for word, and nothing that AWS or Chalice would add; Lambda alone takes it on."""
    resources = template["Resources"]
    for function, file in policy_files().items():
        role = resources[role_of(resources[function])]["Properties"]
        assert role.keys() == {"AssumeRolePolicyDocument", "PermissionsBoundary", "Policies"}
        (policy,) = role["Policies"]
        committed = document(file)["Statement"]
        statements = policy["PolicyDocument"]["Statement"]
        assert statements[: len(committed)] == committed
        logs, *others = statements[len(committed) :]
        # Without EVENT_BUS_NAME, no role may send events.
        assert [other["Sid"] for other in others] == (["FlushTheseCaches"] if function == FLUSHER else [])
        assert logs == {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [log_group_of(function), "Arn"]},
        }
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert (trust["Principal"], trust["Effect"]) == ({"Service": "lambda.amazonaws.com"}, "Allow")


@pytest.mark.parametrize("key", ["SigningKey", "AccessTokenKey"])
@pytest.mark.parametrize(
    ("action", "principal", "algorithm", "expected"),
    [
        ("kms:Sign", API_ROLE_ARN, "ECDSA_SHA_256", False),
        ("kms:Sign", API_ROLE_ARN, "ECDSA_SHA_384", True),
        ("kms:Sign", f"{ROLES}/bodhi-prod-PageHandlerRole-1", "ECDSA_SHA_256", True),
        ("kms:Sign", f"{ROLES}/Administrator", "ECDSA_SHA_256", True),
        ("kms:Sign", "arn:aws:iam::123456789012:root", "ECDSA_SHA_256", True),
        ("kms:DisableKey", f"{ROLES}/Administrator", "", False),
    ],
)
def test_keys_sign_for_the_api_only(
    template: Mapping[str, Any], key: str, action: str, principal: str, algorithm: str, *, expected: bool
) -> None:
    """The key itself denies everybody else, whatever other policies of the account say."""
    statements = Stack({}).resolved(template["Resources"][key]["Properties"]["KeyPolicy"])["Statement"]
    context = {"aws:PrincipalArn": [principal], "kms:SigningAlgorithm": [algorithm] if algorithm else []}
    request = Request.of(action, "arn:aws:kms:us-east-1:123456789012:key/1", context)
    denied = [s["Sid"] for s in statements if s["Effect"] == "Deny" and applies(s, request)]
    assert bool(denied) is expected
