"""The account's concurrency: named before a deployment, and refused where it does not suffice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.deploy.stage import check_reservations
from infra.aws.errors import DeploymentError
from infra.aws.package.concurrency import Wish, check_capacity, room_of, wishes, with_concurrency
from infra.local.template import read_template
from tests.deployment.desk import Desk, EmulatorSession, a_package

API, DOOR = "APIHandler", "ApiTokenAuthorizer"
HANDLER = "chalicelib.handlers.authorizer.api_token_authorizer"


@dataclass
class Lambda:
    """Lambda with the limits of an account, or without the permission to read them."""

    limit: int = 1000
    unreserved: int = 1000
    readable: bool = True

    def get_account_settings(self) -> dict[str, Any]:
        """Answer as AWS does."""
        if not self.readable:
            denied = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(denied, "GetAccountSettings")  # type: ignore[arg-type]
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.limit,
                "UnreservedConcurrentExecutions": self.unreserved,
            }
        }


def said_by(functions: Lambda, wanted: list[Wish], before: list[Wish] | None = None) -> list[str]:
    """Check the capacity and return what was told. Raises DeploymentError."""
    said: list[str] = []
    check_capacity(functions, before or [], wanted, said.append)
    return said


def reserve(function: str, executions: int | None, provisioned: int = 0) -> Wish:
    """Return what parameters ask for a function."""
    return Wish(function, executions, provisioned)


def test_limit_is_told_before_each_deployment() -> None:
    """Also when nothing is reserved, so that an operator knows what could be."""
    assert said_by(Lambda(), [reserve(API, None)]) == [
        "Lambda runs 1,000 executions at a time in this account and region. Up to 900 of them can be "
        "reserved by this stack, and 100 must stay unreserved."
    ]


@pytest.mark.parametrize("limit", [10, 100])
def test_new_account_can_reserve_nothing(limit: int) -> None:
    """AWS gives new accounts 10 executions, and keeps 100 unreserved."""
    account = Lambda(limit, limit)
    assert "None of them can be reserved" in said_by(account, [])[0]
    with pytest.raises(DeploymentError, match="at most 0 can be reserved here"):
        said_by(account, [reserve(API, 1)])


def test_what_fits_is_told_as_a_cap() -> None:
    """A reservation is both."""
    told = said_by(Lambda(), [reserve(DOOR, 800, 20), reserve(API, 100), reserve("PageHandler", None)])
    assert told[1] == (
        f"A reservation is also a cap: {DOOR} at most 800 at a time and 20 kept warm, {API} at most 100 at "
        "a time."
    )


def test_sum_that_does_not_fit_is_refused() -> None:
    """With the numbers, the cause and the ways out; one execution more than there is suffices."""
    with pytest.raises(DeploymentError) as refused:
        said_by(Lambda(), [reserve(DOOR, 800), reserve(API, 101)])
    assert str(refused.value) == (
        f"{DOOR} at most 800 at a time, {API} at most 101 at a time: together 901 executions, but at most "
        "900 can be reserved here. Lambda runs 1,000 at a time in this account and region, and 100 must "
        "stay unreserved. Reserve less, or ask AWS for a higher quota of concurrent executions. Nothing "
        "was changed."
    )


def test_reservations_of_others_are_taken_off() -> None:
    """Another stack of the account has reserved 500."""
    others = Lambda(1000, 500)
    said_by(others, [reserve(DOOR, 400)])
    with pytest.raises(DeploymentError, match="at most 400 can be reserved here"):
        said_by(others, [reserve(DOOR, 401)])


def test_present_reservations_of_the_stack_are_given_back() -> None:
    """The same deployment again fits, and so does another distribution."""
    account, present = Lambda(1000, 100), [reserve(DOOR, 800), reserve(API, 100)]
    said_by(account, present, present)
    said_by(account, [reserve(DOOR, 100), reserve(API, 800)], present)
    with pytest.raises(DeploymentError, match="at most 900"):
        said_by(account, [reserve(DOOR, 801), reserve(API, 100)], present)


def test_kept_warm_executions_take_room_too() -> None:
    """Without a reservation they come out of what all functions share."""
    said_by(Lambda(), [reserve(DOOR, None, 900)])
    with pytest.raises(DeploymentError, match="together 901 executions"):
        said_by(Lambda(), [reserve(DOOR, None, 900), reserve(API, 1)])


def test_no_more_is_kept_warm_than_is_reserved() -> None:
    """Lambda would refuse it in the middle of the deployment."""
    said_by(Lambda(), [reserve(DOOR, 10, 10)])
    with pytest.raises(DeploymentError, match="cannot keep 11 executions warm"):
        said_by(Lambda(), [reserve(DOOR, 10, 11)])


def test_missing_permission_stops_only_a_deployment_that_reserves() -> None:
    """Nothing depends on the limits otherwise."""
    (told,) = said_by(Lambda(readable=False), [reserve(API, None)])
    assert "AccessDeniedException" in told
    with pytest.raises(ClientError, match="AccessDenied"):
        said_by(Lambda(readable=False), [reserve(API, 1)])


def _template() -> dict[str, Any]:
    functions = {API: "app.app", "PageHandler": "app.app", DOOR: HANDLER, "FlushAuthorizerCaches": "app.f"}
    kind = "AWS::Serverless::Function"
    resources: dict[str, Any] = {
        name: {"Type": kind, "Properties": {"Handler": each}} for name, each in functions.items()
    }
    return {"Conditions": {}, "Resources": {**resources, "TokenTable": {"Properties": {}, "Type": "T"}}}


def test_wishes_are_read_from_the_parameters() -> None:
    """Empty and 0 ask for nothing; a parameter of the template that is not there either."""
    values = {f"{DOOR}Concurrency": "50", f"{DOOR}Provisioned": "5", "ApiConcurrency": "", "X": "1"}
    assert wishes(_template(), values) == [
        reserve(API, None),
        reserve(DOOR, 50, 5),
        reserve("FlushAuthorizerCaches", None),
        reserve("PageHandler", None),
    ]
    assert {wish.taken for wish in wishes(_template(), {})} == {0}


def test_reservations_of_the_configuration_are_counted_and_kept() -> None:
    """`reserved_concurrency` of config.json holds for a function unless its parameter is given."""
    template = _template()
    for name, executions in (("FlushAuthorizerCaches", 3), (API, 20)):
        template["Resources"][name]["Properties"]["ReservedConcurrentExecutions"] = executions
    packaged = with_concurrency(template)
    reserved = {wish.function: wish.reserved for wish in wishes(packaged, {})}
    assert reserved == {API: 20, DOOR: None, "FlushAuthorizerCaches": 3, "PageHandler": None}
    assert wishes(packaged, {"ApiConcurrency": "30"})[0] == reserve(API, 30)
    kept = packaged["Resources"][API]["Properties"]["ReservedConcurrentExecutions"]
    assert kept == {"Fn::If": ["ApiConcurrencyGiven", {"Ref": "ApiConcurrency"}, 20]}


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "٣", " 1"])
def test_value_that_is_no_number_is_refused(value: str) -> None:
    """By its name, before anything is asked."""
    with pytest.raises(DeploymentError, match="ApiConcurrency must be a whole number"):
        wishes(_template(), {"ApiConcurrency": value})


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("ApiConcurrency", ["", "1", "900"], ["0", "01", "-1", "1.5", "all"]),
        ("ApiTokenAuthorizerProvisioned", ["0", "1", "25"], ["", "00", "01", "-1"]),
        ("WarmReadUnits", ["", "12000", "19999", "40000", "120000"], ["11999", "9", "0", "012000", "1e5"]),
        ("WarmWriteUnits", ["", "4000", "9999", "40000"], ["3999", "999", "0", "04000", "-4000"]),
    ],
)
def test_cloudformation_takes_numbers_only(parameter: str, good: list[str], bad: list[str]) -> None:
    """A reservation of 0 would refuse each caller. A table is warm for 12,000 and 4,000 units anyway."""
    pattern = read_template()["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


@pytest.mark.slow
@pytest.mark.emulator
def test_limits_are_read_from_lambda(session: EmulatorSession) -> None:
    """By GetAccountSettings."""
    room = room_of(session.create_client("lambda"))
    assert room.limit >= room.unreserved > 0


@pytest.mark.slow
@pytest.mark.emulator
def test_deployment_reserves_what_was_checked(desk: Desk, session: EmulatorSession) -> None:
    """The parameters of this deployment count, those of the last one are given back, others stay."""
    functions: Any = session.create_client("lambda")
    resources = desk.template["Resources"]
    resources[DOOR] = resources.pop("Function")
    resources[DOOR]["Properties"] |= {"Handler": HANDLER, "Environment": {"Variables": {}}}
    names = [f"{DOOR}Concurrency", f"{DOOR}Provisioned", "WarmReadUnits", "WarmWriteUnits"]
    desk.template["Parameters"] |= {
        name: {"Type": "String", "Default": "0" if "Provisioned" in name else ""} for name in names
    }
    desk.template = with_concurrency(desk.template)
    package = a_package(desk.folder, desk.template)
    room = room_of(functions).reservable([])

    with pytest.raises(DeploymentError, match=f"at most {room:,} can be reserved here"):
        check_reservations(functions, package, desk.stack, {f"{DOOR}Concurrency": str(room + 1)})
    check_reservations(functions, package, desk.stack, {f"{DOOR}Concurrency": str(room)})
    desk.deploy(**{f"{DOOR}Concurrency": "50"})
    # The emulator takes no reservation from a template.
    detail = desk.account.cloudformation.describe_stack_resource(
        StackName=desk.name, LogicalResourceId=DOOR
    )
    name = detail["StackResourceDetail"]["PhysicalResourceId"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=50)

    assert room_of(functions).reservable([]) == room - 50
    desk.said.clear()
    check_reservations(functions, package, desk.stack, {})
    assert f"Up to {room:,} of them" in desk.said[0]
    assert desk.said[1] == f"A reservation is also a cap: {DOOR} at most 50 at a time."
    functions.delete_function_concurrency(FunctionName=name)
