"""Versions of the authorizers: named after all that they hold, and asked by their aliases."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.aws.deploy.parameters import effective_values
from infra.aws.errors import PackagingError
from infra.aws.package.build import Package
from infra.aws.package.functions import authorizers_in
from infra.aws.package.versions import ALIAS, KEPT, alias_of, fingerprint, with_versions
from infra.local.template import read_template

CODE = b"zip"
DOOR = "ApiTokenAuthorizer"


@pytest.fixture
def small() -> dict[str, Any]:
    """Return a template with one authorizer, which refers to things in each way that templates know."""
    return {
        "Parameters": {
            "Reuse": {"Type": "String", "Default": "record"},
            "TableName": {"Type": "String", "Default": ""},
            "Days": {"Type": "Number", "Default": 30},
            "Protected": {"Type": "String", "Default": "true"},
            "Region2": {"Type": "String", "Default": "a"},
            "Home": {"Type": "String", "Default": "/"},
            "Reserved": {"Type": "String", "Default": ""},
            "Deep": {"Type": "String", "Default": ""},
            "Global": {"Type": "String", "Default": "1"},
            "Secret": {"Type": "String", "Default": "", "NoEcho": True},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"},
        },
        "Conditions": {
            "TableNameGiven": {"Fn::Not": [{"Fn::Equals": [{"Ref": "TableName"}, ""]}]},
            "Both": {"Fn::And": [{"Condition": "DeepGiven"}, {"Condition": "TableNameGiven"}]},
            "DeepGiven": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Deep"}, ""]}]},
        },
        "Mappings": {"Sizes": {"one": {"memory": 512}}},
        "Globals": {"Function": {"Environment": {"Variables": {"G": {"Ref": "Global"}}}}},
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TableName": {
                        "Fn::If": ["TableNameGiven", {"Ref": "TableName"}, {"Ref": "AWS::NoValue"}]
                    },
                    "KeySchema": ["pk"],
                    "DeletionProtectionEnabled": {"Ref": "Protected"},
                },
            },
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": {"Ref": "Home"}}},
            DOOR: {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "chalicelib.handlers.authorizer.api_token_authorizer",
                    "CodeUri": "./deployment.zip",
                    "MemorySize": {"Fn::FindInMap": ["Sizes", "one", "memory"]},
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "ReservedConcurrentExecutions": {"Ref": "Reserved"},
                    "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
                    "Environment": {
                        "Variables": {
                            "TABLE_NAME": {"Ref": "Table"},
                            "REUSE": {"Ref": "Reuse"},
                            "WHERE": {"Fn::Sub": "${Region2}.${AWS::Region}"},
                            "FLAG": {"Fn::If": ["Both", "on", "off"]},
                        }
                    },
                },
            },
        },
    }


def stamp(template: Mapping[str, Any], values: Mapping[str, str] | None = None, code: bytes = CODE) -> str:
    """Return the hash with some parameters given."""
    return fingerprint(dict(template), DOOR, code, effective_values(template, None, values or {}))


@pytest.mark.parametrize(
    "values",
    [
        {"Reuse": "revoke_family"},
        {"TableName": "named"},
        {"Region2": "b"},
        {"Home": "/team/"},
        {"Deep": "x"},
        {"Global": "2"},
    ],
)
def test_value_that_reaches_the_function_gives_another_version(
    small: dict[str, Any], values: dict[str, str]
) -> None:
    """By Ref, Sub and If, through conditions of conditions, names of resources, and what is for all."""
    assert stamp(small, values) != stamp(small)


@pytest.mark.parametrize("values", [{"Days": "7"}, {"Protected": "false"}, {"Reserved": "5"}])
def test_value_that_does_not_reach_it_gives_none(small: dict[str, Any], values: dict[str, str]) -> None:
    """Nor does a reservation, which belongs to the function and not to its versions."""
    assert stamp(small, values) == stamp(small)


def test_code_and_settings_give_another_version(small: dict[str, Any]) -> None:
    """One byte of the zip, a variable, a mapping, a replaced table."""
    found = {stamp(small), stamp(small, code=b"zap")}
    for path, value in [
        (("Resources", DOOR, "Properties", "Environment", "Variables", "ISSUER"), "https://x"),
        (("Resources", DOOR, "Properties", "Timeout"), 11),
        (("Mappings", "Sizes", "one", "memory"), 1024),
        (("Resources", "Table", "Properties", "KeySchema"), ["id"]),
    ]:
        changed = copy.deepcopy(small)
        part = changed
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = value
        found.add(stamp(changed))
    assert len(found) == 6


def test_place_of_the_code_does_not_count(small: dict[str, Any]) -> None:
    """Another bucket with the same zip changes no function, and Lambda would publish nothing."""
    before = stamp(small)
    small["Resources"][DOOR]["Properties"]["CodeUri"] = {"Bucket": "b", "Key": "k"}
    assert stamp(small) == before


@pytest.mark.parametrize("hidden", ["Secret", "Stored"])
def test_value_that_cannot_be_seen_is_refused(small: dict[str, Any], hidden: str) -> None:
    """A secret is masked, and a stored value may change by itself: the alias would keep the old one."""
    small["Resources"][DOOR]["Properties"]["Environment"]["Variables"]["X"] = {"Ref": hidden}
    with pytest.raises(PackagingError, match=f"{DOOR} gets the parameter {hidden}"):
        stamp(small)


def test_dynamic_reference_is_refused(small: dict[str, Any]) -> None:
    """CloudFormation resolves it at each deployment, so the same text may be another value."""
    small["Resources"][DOOR]["Properties"]["Environment"]["Variables"]["X"] = "{{resolve:ssm:/a}}"
    with pytest.raises(PackagingError, match="dynamic reference"):
        stamp(small)


class TestValues:
    """The value of a parameter after the deployment."""

    STACK: Any = {  # noqa: RUF012
        "Parameters": [
            {"ParameterKey": "Reuse", "ParameterValue": "revoke_family"},
            {"ParameterKey": "Gone", "ParameterValue": "x"},
            {"ParameterKey": "Secret", "ParameterValue": "****"},
        ]
    }

    def test_given_goes_before_kept_and_kept_before_default(self, small: dict[str, Any]) -> None:
        """A parameter that the template has no more, or that it never had, is none."""
        values = effective_values(small, self.STACK, {"Days": "7", "Unknown": "1"})
        assert (values["Reuse"], values["Days"], values["Protected"]) == ("revoke_family", "7", "true")
        assert values.keys() == small["Parameters"].keys()
        assert effective_values(small, self.STACK, {"Reuse": "record"})["Reuse"] == "record"

    def test_kept_value_counts_like_a_given_one(self, small: dict[str, Any]) -> None:
        """A deployment that gives nothing leaves the alias where it is."""
        kept = fingerprint(small, DOOR, CODE, effective_values(small, self.STACK, {}))
        assert kept == stamp(small, {"Reuse": "revoke_family"}) != stamp(small)


class TestVersions:
    """The resources of the template."""

    def versions(self, template: dict[str, Any], present: Mapping[str, int]) -> list[str]:
        """Return the logical ids of the versions."""
        named = with_versions(template, CODE, effective_values(template, None, {}), present)
        return [n for n, each in named["Resources"].items() if each["Type"] == "AWS::Lambda::Version"]

    def test_the_newest_stay(self, small: dict[str, Any]) -> None:
        """By their numbers; those of other functions are not counted."""
        old = {f"{DOOR}Version{number:012x}": number for number in (2, 30, 4)}
        found = self.versions(small, {**old, f"Other{DOOR}Version{'0' * 12}": 99})
        assert found == [
            f"{DOOR}Version{stamp(small)}",
            f"{DOOR}Version{30:012x}",
            f"{DOOR}Version{4:012x}",
        ]
        assert len(found) == KEPT

    def test_newest_version_stays_if_it_holds_the_same(self, small: dict[str, Any]) -> None:
        """Under the name that it has, so a deployment without changes changes nothing."""
        plain = f"{DOOR}Version{stamp(small)}"
        other = f"{DOOR}Version{0:012x}"
        assert self.versions(small, {other: 1, plain: 2}) == [plain, other]
        again = f"{plain}After9"
        assert self.versions(small, {plain: 8, other: 9, again: 10}) == [again, other, plain]

    def test_older_version_with_the_same_hash_is_not_taken_up_again(self, small: dict[str, Any]) -> None:
        """It may name a role or a log group that has been made anew since."""
        plain = f"{DOOR}Version{stamp(small)}"
        other = f"{DOOR}Version{0:012x}"
        assert self.versions(small, {plain: 1, other: 2}) == [f"{plain}After2", other, plain]
        assert self.versions(small, {f"{plain}After2": 3, other: 4}) == [
            f"{plain}After4",
            other,
            f"{plain}After2",
        ]

    def test_naming_again_changes_nothing_but_the_names(self, small: dict[str, Any]) -> None:
        """Packaging names versions by the defaults, and the deployment names them anew."""
        values = effective_values(small, None, {"Reuse": "revoke_family"})
        packaged = with_versions(small, CODE, effective_values(small, None, {}), {})
        assert with_versions(packaged, CODE, values, {}) == with_versions(small, CODE, values, {})

    def test_function_changes_with_its_version(self, small: dict[str, Any]) -> None:
        """Lambda publishes nothing for a function that did not change, and CloudFormation then fails."""
        named = with_versions(small, CODE, effective_values(small, None, {}), {})["Resources"]
        version = f"{DOOR}Version{stamp(small)}"
        assert named[DOOR]["Properties"]["Description"] == version
        led_to = named[alias_of(DOOR)]["Properties"]["FunctionVersion"]
        assert led_to == {"Fn::GetAtt": [version, "Version"]}


@pytest.mark.slow
class TestPackage:
    """The project's own template."""

    def test_each_authorizer_has_an_alias_and_one_version(self, resources: dict[str, Any]) -> None:
        """All under the one name, because exports that are imported cannot change."""
        doors = authorizers_in(resources)
        assert len(doors) == 5
        aliases = {n: r["Properties"] for n, r in resources.items() if r["Type"] == "AWS::Lambda::Alias"}
        assert aliases.keys() == {alias_of(door) for door in doors}
        assert {alias["Name"] for alias in aliases.values()} == {ALIAS} == {"live"}
        versions = [n for n, r in resources.items() if r["Type"] == "AWS::Lambda::Version"]
        assert sorted(n.partition("Version")[0] for n in versions) == doors

    def test_outputs_name_aliases_beside_the_functions(self, template: dict[str, Any]) -> None:
        """The old ones say that they are deprecated, and are what they were."""
        for door in authorizers_in(template["Resources"]):
            new, old = template["Outputs"][f"{door}AliasArn"], template["Outputs"][f"{door}Arn"]
            assert new["Value"] == {"Ref": alias_of(door)}
            assert new["Export"]["Name"] == {"Fn::Sub": f"${{AWS::StackName}}-{door}AliasArn"}
            assert old["Value"] == {"Fn::GetAtt": [door, "Arn"]}
            assert old["Description"].startswith(f"Deprecated. Use {door}AliasArn.")

    def test_own_api_asks_the_alias(self, resources: dict[str, Any], definition: dict[str, Any]) -> None:
        """By the address of its authorizer, and by the permission, which an alias has for itself."""
        (scheme,) = definition["securityDefinitions"].values()
        uri = scheme["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"]
        assert uri.endswith(f"/functions/${{{DOOR}Alias}}/invocations")
        granted = resources[f"{DOOR}InvokePermission"]["Properties"]
        assert granted["FunctionName"] == {"Ref": f"{DOOR}Alias"}
        source, names = granted["SourceArn"]["Fn::Sub"]
        assert source.endswith(":${RestAPIId}/*")
        assert names == {"RestAPIId": {"Ref": "RestAPI"}}

    def test_permission_for_all_apis_is_there_on_request_only(self, template: dict[str, Any]) -> None:
        """API Gateway of this account and region, by an authorizer; AppSync asks in another way."""
        found = {n: r for n, r in template["Resources"].items() if n.endswith("AnyApiPermission")}
        doors = set(authorizers_in(template["Resources"])) - {"AppsyncAuthorizer"}
        assert found.keys() == {f"{door}AnyApiPermission" for door in doors}
        for door in doors:
            permission = found[f"{door}AnyApiPermission"]
            assert permission["Condition"] == "AnyApiIsAllowed"
            assert permission["Properties"] == {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": alias_of(door)},
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
                    ":*/authorizers/*"
                },
            }
        assert template["Parameters"]["AnyApiMayAsk"]["Default"] == "false"

    def test_packaged_version_is_the_one_that_defaults_deploy(
        self, built: Package, template: dict[str, Any]
    ) -> None:
        """Also for a person who deploys the template without our command."""
        values = effective_values(template, None, {})
        assert with_versions(template, built.code.read_bytes(), values, {}) == template

    @pytest.mark.parametrize(
        ("parameter", "value", "moves"),
        [
            ("RotatedTokenReuse", "revoke_family", True),
            ("TableName", "tokens", True),
            ("LogRetentionDays", "7", False),
            ("DeletionProtection", "false", False),
            ("ThrottleRate", "10", False),
            ("ApiTokenAuthorizerConcurrency", "10", False),
            ("ApiTokenAuthorizerProvisioned", "1", False),
            ("WarmReadUnits", "20000", False),
            ("OidcClientSecret", "secret", False),
        ],
    )
    def test_parameters_move_every_alias_or_none(
        self, template: dict[str, Any], parameter: str, value: str, *, moves: bool
    ) -> None:
        """Those that reach the authorizers do, the others do not."""
        assert parameter in template["Parameters"]
        usual, given = (effective_values(template, None, each) for each in ({}, {parameter: value}))
        for door in authorizers_in(template["Resources"]):
            before, after = (fingerprint(template, door, CODE, values) for values in (usual, given))
            assert (before != after) is moves


def test_outputs_are_in_the_template_that_people_read() -> None:
    """The page about attaching is held to it."""
    outputs = read_template()["Outputs"]
    assert len([name for name in outputs if name.endswith("AliasArn")]) == 5
    assert json.dumps(outputs).count("Deprecated") == 5
