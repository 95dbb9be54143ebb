"""The stage that callers meet: throttles, access logs, web ACL, endpoint; and what bounds all roles."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from chalicelib.services.callers import authorizer_context
from infra.aws.deploy.artifacts import placed
from infra.aws.errors import PackagingError
from infra.aws.package import access_logs
from infra.aws.package.edge import public_methods, with_edge
from infra.aws.package.pieces import FOLDER, with_pieces

AUTHENTICATED = {("/api/whoami", "GET"), ("/api/echo", "POST")}
USUAL = ({"Ref": "ThrottleRate"}, {"Ref": "ThrottleBurst"})
PUBLIC = ({"Ref": "PublicThrottleRate"}, {"Ref": "PublicThrottleBurst"})
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.fixture(scope="module")
def stage(translated: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the stage."""
    (found,) = (r for r in translated["Resources"].values() if r["Type"] == "AWS::ApiGateway::Stage")
    properties: dict[str, Any] = found["Properties"]
    return properties


@pytest.fixture(scope="module")
def translated(template: dict[str, Any]) -> dict[str, Any]:
    """Return what CloudFormation makes of the template, its code uploaded."""
    uploaded = json.loads(json.dumps(placed(template, {"Bucket": "artifacts", "Key": "code.zip"})))
    result: dict[str, Any] = Translator({}, Parser()).translate(uploaded, {})
    return result


def of_type(resources: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of all resources of a type, by logical id."""
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def nested(node: object) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping of a part of a template."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nested(each)


def limits(stage: Mapping[str, Any]) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return rate and burst by path and method, the path as API Gateway reads it."""
    return {
        (each["ResourcePath"].replace("/~1", "/").replace("~1", "/"), each["HttpMethod"]): (
            each["ThrottlingRateLimit"],
            each["ThrottlingBurstLimit"],
        )
        for each in stage["MethodSettings"]
    }


class TestThrottles:
    """An operation that everyone may call is throttled sooner."""

    pytestmark = pytest.mark.slow

    def test_every_public_operation_has_the_lower_rate(
        self, stage: dict[str, Any], definition: dict[str, Any]
    ) -> None:
        """Those of the sample API are decided by the authorizer, and have the usual one."""
        operations = {(path, m.upper()) for path, methods in definition["paths"].items() for m in methods}
        assert operations > AUTHENTICATED
        assert limits(stage) == {
            ("/*", "*"): USUAL,
            **dict.fromkeys(operations - AUTHENTICATED, PUBLIC),
        }
        assert len(stage["MethodSettings"]) == len(limits(stage))

    def test_public_is_what_has_no_authorizer(self, definition: dict[str, Any]) -> None:
        """By the definition that is deployed."""
        operations = {(path, m.upper()) for path, methods in definition["paths"].items() for m in methods}
        assert operations - set(public_methods(definition)) == AUTHENTICATED

    def test_lower_rate_is_lower(self, template: dict[str, Any]) -> None:
        """A quarter of the usual one, unless the deployment says otherwise."""
        defaults = {name: each.get("Default") for name, each in template["Parameters"].items()}
        assert (defaults["PublicThrottleRate"], defaults["PublicThrottleBurst"]) == (50, 100)
        assert (defaults["ThrottleRate"], defaults["ThrottleBurst"]) == (200, 400)

    def test_nothing_of_requests_is_traced(self, stage: dict[str, Any]) -> None:
        """Execution logs would hold headers and bodies."""
        assert not [s for s in stage["MethodSettings"] if {"DataTraceEnabled", "LoggingLevel"} & s.keys()]
        assert "TracingEnabled" not in stage


def api_with(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template with an API."""
    properties = {"DefinitionBody": {"paths": paths}, "MethodSettings": []}
    return {"Resources": {"RestAPI": {"Properties": properties}}}


def test_paths_are_written_as_api_gateway_wants_them() -> None:
    """A stroke within is ~1, the first one stays, and the root is one stroke."""
    paths = {
        "/": {"get": {}},
        "/a/{b}/c": {"get": {}, "post": {"security": [{"x": []}]}},
        "/x~y": {"get": {}},
    }
    settings = with_edge(api_with(paths))["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    written = [(each["ResourcePath"], each["HttpMethod"]) for each in settings]
    assert written == [("/", "GET"), ("/~1a~1{b}~1c", "GET"), ("/~1x~0y", "GET")]


def test_without_authentication_every_method_is_public() -> None:
    """``AUTH_MODE=none`` leaves the authorizer out, and so the sample API is open."""
    paths = {"/api/whoami": {"get": {}}, "/api/echo": {"post": {"security": []}}}
    assert list(public_methods({"paths": paths})) == [("/api/whoami", "GET"), ("/api/echo", "POST")]


class TestAccessLogs:
    """A line for each request, without anything that opens something."""

    def test_line_holds_exactly_this(self) -> None:
        """No header but the user agent, no path, no query, and nothing else of the authorizer."""
        assert set(access_logs.FIELDS.values()) == {
            "$context.authorizer.token_id",
            "$context.authorizer.user_id",
            "$context.error.responseType",
            "$context.extendedRequestId",
            "$context.httpMethod",
            "$context.identity.sourceIp",
            "$context.identity.userAgent",
            "$context.integrationLatency",
            "$context.requestId",
            "$context.requestTime",
            "$context.resourcePath",
            "$context.responseLatency",
            "$context.status",
        }

    def test_no_variable_could_hold_a_credential(self) -> None:
        """Neither one that API Gateway knows today nor a sibling of it."""
        secret = re.compile(
            r"principal|claims|header|cookie|apikey|path$|query|body|message|input|stageVariables|caller|user$",
            re.IGNORECASE,
        )
        allowed = {"$context.resourcePath"}
        assert [v for v in access_logs.FIELDS.values() if secret.search(v) and v not in allowed] == []

    def test_ids_are_those_of_the_authorizers_context(self) -> None:
        """Under the names that the authorizer gives them."""
        source = Path(authorizer_context.__code__.co_filename).read_text(encoding="utf-8")
        for name in ("token_id", "user_id"):
            assert f"$context.authorizer.{name}" in access_logs.FIELDS.values()
            assert f'"{name}"' in source

    def test_caller_cannot_override_what_follows_the_user_agent(self) -> None:
        """Of members with one name the last counts, and the caller chooses only the first one."""
        assert next(iter(access_logs.FIELDS)) == "user_agent"

    @pytest.mark.slow
    def test_stage_logs_only_if_it_is_asked_to(
        self, stage: dict[str, Any], template: dict[str, Any]
    ) -> None:
        """By default nothing is logged and no log group is made."""
        condition, given, otherwise = stage["AccessLogSetting"]["Fn::If"]
        assert (condition, otherwise) == ("AccessLogsWanted", NOTHING)
        assert json.loads(given["Format"]) == access_logs.FIELDS
        assert "${AccessLogLines}" in given["DestinationArn"]["Fn::Sub"]
        assert template["Parameters"]["AccessLogs"]["Default"] == "false"
        assert template["Resources"]["AccessLogLines"]["Condition"] == "AccessLogsWanted"

    @pytest.mark.slow
    def test_region_is_changed_only_if_that_is_asked_for(self, resources: dict[str, Any]) -> None:
        """The role belongs to every API of the region, so that it stays when the stack goes."""
        for name in ("GatewayLogging", "GatewayLogWriter"):
            made = resources[name]
            assert made["Condition"] == "GatewayLoggingRoleWanted"
            assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("Retain", "Retain")
        role = resources["GatewayLogWriter"]["Properties"]
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}
        (policy,) = role["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert all(action.startswith("logs:") and "*" not in action for action in statement["Action"])

    @pytest.mark.slow
    def test_stage_logs_once_the_role_is_set(self, resources: dict[str, Any]) -> None:
        """The stage names the group, and the group what sets the role."""
        (tag,) = resources["AccessLogLines"]["Properties"]["Tags"]
        assert tag["Value"]["Fn::If"][:2] == ["GatewayLoggingRoleWanted", {"Ref": "GatewayLogging"}]


class TestWebAcl:
    """A web ACL that counts, and shows no credential."""

    pytestmark = pytest.mark.slow

    def test_there_is_none_unless_it_is_asked_for(self, template: dict[str, Any]) -> None:
        """Neither it nor anything about it."""
        waf = {n: r for n, r in template["Resources"].items() if r["Type"].startswith("AWS::WAFv2::")}
        conditions = {name: each["Condition"] for name, each in waf.items()}
        assert conditions == {
            "RateLimits": "WebAclWanted",
            "RateLimitsOfTheApi": "WebAclWanted",
            "RateLimitLogging": "WebAclLogsWanted",
        }
        assert template["Resources"]["RateLimitLines"]["Condition"] == "WebAclLogsWanted"
        assert [template["Parameters"][name]["Default"] for name in ("WebAcl", "WebAclLogs")] == [
            "false"
        ] * 2
        (assertion,) = template["Rules"]["WebAclLogsNeedTheWebAcl"]["Assertions"]
        assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "WebAcl"}, "true"]}

    def test_it_counts_by_address_and_by_credential(self, resources: dict[str, Any]) -> None:
        """Each spelling of a header counts as the same credential; nothing else is blocked."""
        acl = resources["RateLimits"]["Properties"]
        assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
        address, credential = (rule["Statement"]["RateBasedStatement"] for rule in acl["Rules"])
        assert [rule["Action"] for rule in acl["Rules"]] == [{"Block": {}}] * 2
        assert address == {
            "AggregateKeyType": "IP",
            "EvaluationWindowSec": 60,
            "Limit": {"Ref": "WebAclRatePerAddress"},
        }
        assert credential["AggregateKeyType"] == "CUSTOM_KEYS"
        assert credential["Limit"] == {"Ref": "WebAclRatePerCredential"}
        (key,) = credential["CustomKeys"]
        kinds = [each["Type"] for each in key["Header"]["TextTransformations"]]
        assert (key["Header"]["Name"], kinds) == ("authorization", ["COMPRESS_WHITE_SPACE", "LOWERCASE"])

    def test_no_request_is_sampled(self, resources: dict[str, Any]) -> None:
        """Samples would show whole headers in the console: for the ACL and for each rule."""
        acl = resources["RateLimits"]["Properties"]
        visible = [part["VisibilityConfig"] for part in nested(acl) if "VisibilityConfig" in part]
        assert len(visible) == 1 + len(acl["Rules"])
        assert [each["SampledRequestsEnabled"] for each in visible] == [False] * len(visible)

    def test_credentials_are_hashed_wherever_requests_are_shown(self, resources: dict[str, Any]) -> None:
        """For the whole ACL, in the details of rules too. What is not followed is not shown at all."""
        protections = resources["RateLimits"]["Properties"]["DataProtectionConfig"]["DataProtections"]
        found = {
            key: each["Action"]
            for each in protections
            for key in each["Field"].get("FieldKeys", [each["Field"]["FieldType"]])
        }
        assert found == {
            "authorization": "HASH",
            "cookie": "HASH",
            "proxy-authorization": "SUBSTITUTION",
            "referer": "SUBSTITUTION",
            "x-csrf-token": "SUBSTITUTION",
            "QUERY_STRING": "SUBSTITUTION",
        }
        for each in protections:
            assert (each["ExcludeRateBasedDetails"], each["ExcludeRuleMatchDetails"]) == (False, False)

    def test_it_stands_before_the_stage(self, translated: dict[str, Any]) -> None:
        """The association waits for the stage."""
        association = translated["Resources"]["RateLimitsOfTheApi"]["Properties"]
        text, values = association["ResourceArn"]["Fn::Sub"]
        assert text.endswith("/restapis/${RestAPI}/stages/${Stage}")
        assert translated["Resources"][values["Stage"]["Ref"]]["Type"] == "AWS::ApiGateway::Stage"

    def test_log_lines_go_to_a_group_of_the_stack(self, resources: dict[str, Any]) -> None:
        """AWS WAF wants the beginning of its name; the ARN that it takes has no end of its own."""
        group = resources["RateLimitLines"]["Properties"]
        assert group["LogGroupName"] == {"Fn::Sub": "aws-waf-logs-${AWS::StackName}"}
        (place,) = resources["RateLimitLogging"]["Properties"]["LogDestinationConfigs"]
        assert place["Fn::Sub"].endswith(":log-group:${RateLimitLines}")


class TestEndpoint:
    """The address that AWS gave the API can be closed, if there is another one."""

    pytestmark = pytest.mark.slow

    def test_it_is_open_unless_the_deployment_says_otherwise(
        self, definition: dict[str, Any], template: dict[str, Any]
    ) -> None:
        """An upgrade closes nothing."""
        setting = definition["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
        assert setting == {"Fn::If": ["ExecuteApiEndpointDisabled", True, False]}
        assert template["Parameters"]["DisableExecuteApiEndpoint"]["Default"] == "false"

    def test_it_is_closed_only_with_a_domain(self, template: dict[str, Any]) -> None:
        """CloudFormation checks that before it changes anything."""
        rule = template["Rules"]["DisabledEndpointNeedsADomain"]
        assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "DisableExecuteApiEndpoint"}, "true"]}
        (assertion,) = rule["Assertions"]
        assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}

    def test_stage_changes_with_the_parameter(self, stage: dict[str, Any]) -> None:
        """API Gateway closes the endpoint when a setting of a stage changes."""
        condition, given, otherwise = stage["Variables"]["Fn::If"]
        assert (condition, otherwise) == ("ExecuteApiEndpointDisabled", NOTHING)
        assert given


@pytest.mark.slow
def test_every_role_has_the_boundary(translated: dict[str, Any], template: dict[str, Any]) -> None:
    """Those that SAM would make as well. Without the parameter there is none."""
    boundary = {"Fn::If": ["PermissionsBoundaryGiven", {"Ref": "PermissionsBoundary"}, NOTHING]}
    roles = of_type(translated["Resources"], "AWS::IAM::Role")
    assert len(roles) == 11
    assert [name for name, role in roles.items() if role["PermissionsBoundary"] != boundary] == []
    assert template["Globals"]["Function"]["PermissionsBoundary"] == boundary
    assert template["Parameters"]["PermissionsBoundary"]["Default"] == ""


class TestClientSecret:
    """Where the page finds its secret."""

    pytestmark = pytest.mark.slow

    def test_stack_keeps_a_secret_only_if_it_was_given_one(self, template: dict[str, Any]) -> None:
        """It is updated in place, and removed with the parameter."""
        secret = template["Resources"]["ClientSecret"]
        assert (secret["Condition"], "DeletionPolicy" in secret) == ("ClientSecretGiven", False)
        assert secret["Properties"]["SecretString"] == {"Ref": "OidcClientSecret"}
        assert template["Parameters"]["OidcClientSecretArn"]["Default"] == ""

    def test_two_secrets_are_refused(self, template: dict[str, Any]) -> None:
        """Before anything is changed, because the page would read only one."""
        rule = template["Rules"]["OneClientSecret"]
        assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "OidcClientSecretArn"}, ""]}]}
        (assertion,) = rule["Assertions"]
        assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "OidcClientSecret"}, ""]}

    @pytest.mark.parametrize(
        ("arn", "expected"),
        [
            ("", True),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-a1B2c3", True),
            ("arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/a/b", True),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:*-a1B2c3", False),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:b", False),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/*", False),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/a?", False),
            ("arn:aws:kms:eu-west-1:123456789012:key/a", False),
            ("a/b", False),
        ],
    )
    def test_only_a_complete_arn_names_a_secret(
        self, template: dict[str, Any], arn: str, *, expected: bool
    ) -> None:
        """What it names the page's role may read, so a wildcard would open every secret."""
        pattern = template["Parameters"]["OidcClientSecretArn"]["AllowedPattern"]
        assert bool(re.fullmatch(pattern, arn)) is expected

    def test_only_the_page_may_read_it(self, resources: dict[str, Any]) -> None:
        """In a stack that has one; elsewhere there is no such statement."""
        reading = {
            name: [
                s
                for p in role["Policies"]
                for s in p["PolicyDocument"]["Statement"]
                if "GetSecretValue" in str(s)
            ]
            for name, role in of_type(resources, "AWS::IAM::Role").items()
        }
        (name,) = (name for name, statements in reading.items() if statements)
        assert name == "PageHandlerRole"
        branches = [statement["Fn::If"] for statement in reading[name]]
        assert [(condition, given["Resource"], otherwise) for condition, given, otherwise in branches] == [
            ("ClientSecretGiven", {"Fn::GetAtt": ["ClientSecret", "Id"]}, NOTHING),
            ("ClientSecretNamed", {"Ref": "OidcClientSecretArn"}, NOTHING),
        ]


class TestPieces:
    """Files that add to the template."""

    def test_piece_adds_to_each_section(self, tmp_path: Path) -> None:
        """What is there stays."""
        (tmp_path / "a.yaml").write_text("Parameters: {B: {Type: String}}\nRules: {R: {}}\n")
        whole = with_pieces({"Parameters": {"A": {}}}, tmp_path)
        assert whole == {"Parameters": {"A": {}, "B": {"Type": "String"}}, "Rules": {"R": {}}}

    def test_piece_changes_nothing(self, tmp_path: Path) -> None:
        """A name that is taken stops the build, also between two pieces."""
        for name in ("a", "b"):
            (tmp_path / f"{name}.yaml").write_text("Resources: {X: {Type: Y}}\n")
        with pytest.raises(PackagingError, match=r"b\.yaml adds X to Resources"):
            with_pieces({}, tmp_path)

    def test_every_optional_piece_is_off_by_default(self) -> None:
        """Each of its resources hangs on a condition that the defaults do not meet.

        The sweep and the reader of events are always there.
        """
        pieces = with_pieces({}, FOLDER)
        always = {name for name, each in pieces["Resources"].items() if "Condition" not in each}
        assert always == {"SweepSchedule", "SweepPermission", "EventsOut", "UnsentEvents"}
        defaults = {n: p["Default"] for n, p in pieces["Parameters"].items() if p["Type"] == "String"}
        assert set(defaults.values()) == {"", "false"}
