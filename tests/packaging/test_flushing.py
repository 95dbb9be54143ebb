"""The function that flushes caches: which stages it knows, which its role names, what is watched."""

import json
from typing import Any

import pytest

from chalicelib.settings import SettingsError
from infra.aws.errors import PackagingError
from infra.aws.package.alarms import with_alarms
from infra.aws.package.flushing import FLUSHER, GIVEN_UP, MAPPING, MAX_STAGES, with_flushing
from infra.aws.package.sweeping import SCHEDULE
from infra.local.template import read_template
from tests.packaging.cloudwatch import PERIOD_SECONDS, CloudWatch, Line

STATEMENT = {"Sid": "ReadTheStream"}


def resources_with(**variables: str) -> dict[str, Any]:
    """Return what packaging makes of the function under these settings."""
    policy = {"PolicyDocument": {"Statement": [STATEMENT]}}
    template = {
        "Resources": {
            "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.app"}},
            FLUSHER: {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "chalicelib.handlers.flush.flush_authorizer_caches",
                    "Environment": {"Variables": {"STAGE": "dev", **variables}},
                    "Role": {"Fn::GetAtt": ["FlusherRole", "Arn"]},
                },
            },
            "FlusherRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}},
            "RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "v1"}},
            MAPPING: read_template()["Resources"][MAPPING],
            SCHEDULE: {"Type": "AWS::Events::Rule", "Properties": {"State": "DISABLED"}},
        }
    }
    resources: dict[str, Any] = with_flushing(template)["Resources"]
    return resources


def stages_of(resources: dict[str, Any]) -> Any:
    """Return what the function reads as its stages."""
    return resources[FLUSHER]["Properties"]["Environment"]["Variables"]["AUTHORIZER_CACHE_STAGES"]


def flushable(resources: dict[str, Any]) -> list[Any]:
    """Return what the function may delete at API Gateway."""
    (policy,) = resources["FlusherRole"]["Properties"]["Policies"]
    first, *others = policy["PolicyDocument"]["Statement"]
    assert first == STATEMENT
    assert [other["Action"] for other in others] in ([], [["apigateway:DELETE"]])
    return [arn["Fn::Sub"] for other in others for arn in other["Resource"]]


def test_own_stage_is_flushed() -> None:
    """Without any setting; the role names its cache of decisions and nothing else."""
    resources = resources_with()
    assert stages_of(resources) == {"Fn::Sub": "restapis/${RestAPI}/v1"}
    assert flushable(resources) == [
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages/v1/cache/authorizers"
    ]
    assert resources[MAPPING]["Properties"]["Enabled"] is True


def test_other_stages_are_flushed_too() -> None:
    """Each by its own name, in the settings and in the role."""
    resources = resources_with(AUTHORIZER_CACHE_STAGES="apis/c3/$default,restapis/b2/prod")
    assert stages_of(resources) == {"Fn::Sub": "restapis/${RestAPI}/v1,apis/c3/$default,restapis/b2/prod"}
    assert [arn.partition("::/")[2] for arn in flushable(resources)] == [
        "restapis/${RestAPI}/stages/v1/cache/authorizers",
        "apis/c3/stages/$default/cache/authorizers",
        "apis/c3/stages/%24default/cache/authorizers",
        "restapis/b2/stages/prod/cache/authorizers",
    ]


def test_stage_of_an_ordinary_name_has_one_form() -> None:
    """No character of it is escaped in the path of a request."""
    resources = resources_with(AUTHORIZER_CACHE_STAGES="apis/c3/my-Stage_7")
    assert len(flushable(resources)) == 2


def test_own_stage_that_caches_nothing_is_left_alone() -> None:
    """Other APIs have their own TTL."""
    resources = resources_with(AUTHORIZER_CACHE_SECONDS="0", AUTHORIZER_CACHE_STAGES="restapis/b2/prod")
    assert stages_of(resources) == {"Fn::Sub": "restapis/b2/prod"}
    assert len(flushable(resources)) == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"AUTHORIZER_CACHE_SECONDS": "0"},
        {"AUTH_MODE": "none"},
        {"AUTH_MODE": "none", "AUTHORIZER_CACHE_STAGES": "restapis/b2/prod"},
    ],
)
def test_where_nothing_is_cached_nothing_is_invoked(variables: dict[str, str]) -> None:
    """The mapping is off, and the role may flush nothing."""
    resources = resources_with(**variables)
    assert stages_of(resources) == ""
    assert flushable(resources) == []
    assert resources[MAPPING]["Properties"]["Enabled"] is False


def test_senseless_stage_stops_the_build() -> None:
    """It would end up in a role."""
    with pytest.raises(SettingsError, match="AUTHORIZER_CACHE_STAGES names 'restapis/\\*/prod'"):
        resources_with(AUTHORIZER_CACHE_STAGES="restapis/*/prod")


def test_more_stages_than_one_call_can_flush_stop_the_build() -> None:
    """This API's own is among them."""
    stages = [f"restapis/b{number}/prod" for number in range(MAX_STAGES)]
    assert len(flushable(resources_with(AUTHORIZER_CACHE_STAGES=",".join(stages[1:])))) == MAX_STAGES
    with pytest.raises(PackagingError, match="AUTHORIZER_CACHE_STAGES names too many stages"):
        resources_with(AUTHORIZER_CACHE_STAGES=",".join(stages))


def watched(**variables: str) -> CloudWatch:
    """Return CloudWatch over the function under these settings."""
    return CloudWatch(with_alarms({"Resources": resources_with(**variables)})["Resources"])


@pytest.mark.parametrize(
    ("line", "alarms"),
    [
        ({"event": "flush", "outcome": "error", "calls": 1}, {"FlushFailures"}),
        ("Task timed out after 300.00 seconds", {"FlushFailures"}),
        ({"event": "flush", "pace": "widest", "calls": 1}, {"FlushSpacing"}),
        ({"event": "flush", "pace": "fast", "calls": 1}, set()),
        ({"event": "flush.waiting", "outcome": "error"}, set()),
    ],
)
def test_trouble_of_a_flush_raises_its_alarm(line: Line, alarms: set[str]) -> None:
    """A flush that works raises none."""
    watch = watched()
    watch.log(FLUSHER, line)
    assert watch.raised == alarms


def test_alarms_know_the_budget_and_the_ttl() -> None:
    """They allow a quarter of the calls of 5 minutes, and a minute beyond the widest spacing."""
    watch = watched(FLUSH_CALLS_PER_SECOND="4", AUTHORIZER_CACHE_SECONDS="300")
    watch.log(FLUSHER, {"event": "flush", "calls": 4 * PERIOD_SECONDS // 4})
    watch.measure("AWS/Lambda", "IteratorAge", (300 + 60) * 1000, FunctionName={"Ref": FLUSHER})
    assert watch.raised == set()
    watch.log(FLUSHER, {"event": "flush", "calls": 1})
    assert watch.raised == {"FlushRate"}
    watch.measure("AWS/Lambda", "IteratorAge", (300 + 60) * 1000 + 1, FunctionName={"Ref": FLUSHER})
    assert watch.raised == {"FlushRate", "FlushesLate"}


def test_mapping_hands_on_at_once_and_gives_up_after_the_longest_ttl() -> None:
    """After an hour no gateway has a decision left from before the change."""
    properties = read_template()["Resources"][MAPPING]["Properties"]
    assert properties["MaximumBatchingWindowInSeconds"] == 0
    assert (properties["MaximumRecordAgeInSeconds"], properties["MaximumRetryAttempts"]) == (3600, -1)
    assert (properties["StartingPosition"], properties["BatchSize"]) == ("TRIM_HORIZON", 1000)
    assert properties["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [GIVEN_UP, "Arn"]}
    assert read_template()["Resources"][GIVEN_UP]["Properties"]["SqsManagedSseEnabled"] is True
    assert len(properties["FilterCriteria"]["Filters"]) <= 5
    for each in properties["FilterCriteria"]["Filters"]:
        json.loads(each["Pattern"])
