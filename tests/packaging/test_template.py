"""The template as a whole: sound in the eyes of cfn-lint and of SAM, and its resources as they must be."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra.aws.deploy.artifacts import placed
from infra.aws.package import build as package
from infra.aws.package.build import Package
from infra.aws.package.fixes import corrected
from infra.aws.package.functions import functions_in, log_group_of
from infra.aws.package.python_runtime import host_python
from tests.packaging.fresh import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of the production stage."""
    return package.build(ROOT, "prod", tmp_path_factory.mktemp("prod") / "prod", python=host_python())


@pytest.fixture(scope="module")
def translated(template: dict[str, Any]) -> dict[str, Any]:
    """Return what CloudFormation makes of the template, its code uploaded."""
    uploaded = json.loads(json.dumps(placed(template, {"Bucket": "artifacts", "Key": "code.zip"})))
    result: dict[str, Any] = Translator({}, Parser()).translate(uploaded, {})
    return result


def linted(path: Path) -> str:
    """Return what cfn-lint says of a template."""
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), path], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def of_type(resources: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of all resources of a type, by logical id."""
    return {name: each.get("Properties", {}) for name, each in resources.items() if each["Type"] == kind}


def strings_in(node: object) -> Iterator[str]:
    """Yield every string of a part of a template."""
    if isinstance(node, str):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from strings_in(each)


def test_template_is_clean(built: Package) -> None:
    """cfn-lint, which translates what is written for SAM, has nothing to say."""
    assert linted(built.template) == ""


def test_template_of_production_is_clean(prod: Package) -> None:
    """And its zip is the same: stages differ in their settings."""
    assert linted(prod.template) == ""


def test_all_stages_run_the_same_code(built: Package, prod: Package) -> None:
    """What was tried on one stage is what the other one gets."""
    assert built.code.read_bytes() == prod.code.read_bytes()


def test_template_can_be_uploaded_only(built: Package) -> None:
    """It is too large for a call of CloudFormation, and well below what an upload may have."""
    assert 51_200 < built.template.stat().st_size < 500_000


def test_corrections_leave_the_rest_alone(template: dict[str, Any]) -> None:
    """A second correction finds nothing to do."""
    again = corrected(template)
    again["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ] = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ]
    assert again == template


def test_deployment_follows_all_that_it_shows(translated: dict[str, Any]) -> None:
    """The API's snapshot is taken of a definition that has everything, the gateway's own answers too."""
    types = [resource["Type"] for resource in translated["Resources"].values()]
    assert types.count("AWS::ApiGateway::Deployment") == types.count("AWS::ApiGateway::Stage") == 1
    assert types.count("AWS::ApiGateway::RestApi") == 1
    deployments = of_type(translated["Resources"], "AWS::ApiGateway::Deployment")
    assert [d for d in deployments.values() if "StageName" in d] == [], "a stage without throttle and flush"
    assert "AWS::ApiGateway::GatewayResponse" not in types
    assert not [kind for kind in types if kind.startswith("AWS::Serverless")]


def test_translation_makes_no_role_and_no_policy(
    translated: dict[str, Any], resources: dict[str, Any]
) -> None:
    """SAM would give functions a role with more rights than we know of."""
    roles = of_type(translated["Resources"], "AWS::IAM::Role")
    assert roles.keys() == of_type(resources, "AWS::IAM::Role").keys()
    assert [name for name, role in roles.items() if "ManagedPolicyArns" in role] == []


def test_two_stacks_live_in_one_account(template: dict[str, Any]) -> None:
    """Nothing has a name that another stack has too; the API's title and the aliases are the stack's."""
    aliases = of_type(template["Resources"], "AWS::KMS::Alias")
    assert {name: alias["AliasName"] for name, alias in aliases.items()} == {
        "SigningKeyAlias": {"Fn::Sub": "alias/${AWS::StackName}"},
        "AccessTokenKeyAlias": {"Fn::Sub": "alias/${AWS::StackName}-access-tokens"},
    }
    definition = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    assert definition["info"]["title"] == {"Ref": "AWS::StackName"}
    names = ("FunctionName", "RoleName", "LogGroupName", "AlarmName", "DashboardName", "QueueName")
    for resource in template["Resources"].values():
        given = {n: v for n, v in resource.get("Properties", {}).items() if n in names}
        assert all(isinstance(value, dict) for value in given.values()), given


def test_every_function_has_a_log_group_that_ends(resources: dict[str, Any]) -> None:
    """Chalice's own group for retention bears a name that no function has (aws/chalice#2079)."""
    groups = of_type(resources, "AWS::Logs::LogGroup")
    functions = functions_in(resources)
    of_functions = {log_group_of(function) for function in functions}
    assert groups.keys() == {*of_functions, "AccessLogLines", "RateLimitLines"}
    assert [g for g in groups.values() if g["RetentionInDays"] != {"Ref": "LogRetentionDays"}] == []
    assert [name for name in of_functions if groups[name].keys() != {"RetentionInDays"}] == []
    for function in functions:
        logging = resources[function]["Properties"]["LoggingConfig"]
        assert logging == {"LogGroup": {"Ref": log_group_of(function)}}


def test_no_function_but_the_page_knows_the_secret(resources: dict[str, Any]) -> None:
    """Only the page signs people in. Its environment has no secret either, only the place of one."""
    variables = {
        name: function["Environment"]["Variables"]
        for name, function in of_type(resources, "AWS::Serverless::Function").items()
        if "Environment" in function
    }
    assert [name for name, each in variables.items() if "OIDC_CLIENT_SECRET" in each] == []
    assert [name for name, each in variables.items() if "OIDC_CLIENT_SECRET_ARN" in each] == ["PageHandler"]
    assert variables["PageHandler"]["OIDC_CLIENT_SECRET_ARN"] == {
        "Fn::If": [
            "ClientSecretGiven",
            {"Fn::GetAtt": ["ClientSecret", "Id"]},
            {"Ref": "OidcClientSecretArn"},
        ]
    }


def test_page_has_time_to_say_that_the_provider_is_slow(resources: dict[str, Any]) -> None:
    """Lambda's timeout is longer than a sign-in's deadlines and shorter than API Gateway's 29 s."""
    assert resources["PageHandler"]["Properties"]["Timeout"] == 20
    assert resources["APIHandler"]["Properties"]["Timeout"] == 10


def test_secret_is_shown_to_nobody(template: dict[str, Any]) -> None:
    """Not by CloudFormation, not by an output, and by no resource but the one that keeps it."""
    assert template["Parameters"]["OidcClientSecret"]["NoEcho"] is True
    assert "OidcClientSecret" not in json.dumps(template["Outputs"])
    knowing = [n for n, each in template["Resources"].items() if "OidcClientSecret" in strings_in(each)]
    assert knowing == ["ClientSecret"]
    assert template["Resources"]["ClientSecret"]["Type"] == "AWS::SecretsManager::Secret"


def test_table_of_tokens_is_kept_safe(resources: dict[str, Any]) -> None:
    """On demand, encrypted, restorable to any second, protected, and there after the stack."""
    table = resources["TokenTable"]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "purge_at", "Enabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["TableIsProtected", True, False]}


def test_table_is_protected_unless_somebody_turns_it_off(template: dict[str, Any]) -> None:
    """By a parameter, in a deployment of its own."""
    assert template["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert template["Conditions"]["TableIsProtected"] == {
        "Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]
    }


@pytest.mark.parametrize("name", ["SigningKey", "AccessTokenKey"])
def test_signing_keys_outlive_the_stack(resources: dict[str, Any], name: str) -> None:
    """Deleted with it they would take every token along; those of a failed first deployment have none."""
    key = resources[name]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    assert key["Properties"]["PendingWindowInDays"] == 30


def test_every_method_of_the_api_is_throttled(template: dict[str, Any]) -> None:
    """Each method of each path, by parameters with sensible defaults."""
    setting, *_ = template["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    assert setting == {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": {"Ref": "ThrottleRate"},
        "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"},
    }
    limits = [template["Parameters"][name]["Default"] for name in ("ThrottleRate", "ThrottleBurst")]
    assert limits == [200, 400]


class TestDomain:
    """A domain of one's own is there or is not, as a whole."""

    def test_without_a_domain_there_is_none(self, template: dict[str, Any]) -> None:
        """Everything about it hangs on the one condition; by default none is given."""
        about = [n for n, r in template["Resources"].items() if r.get("Condition") == "DomainGiven"]
        assert sorted(about) == ["ApiDomain", "ApiDomainMapping"]
        outputs = ("DomainTarget", "DomainTargetHostedZoneId")
        assert {template["Outputs"][name]["Condition"] for name in outputs} == {"DomainGiven"}
        assert [template["Parameters"][n]["Default"] for n in ("DomainName", "CertificateArn")] == ["", ""]
        others = {n: r for n, r in template["Resources"].items() if n not in about}
        assert not {"ApiDomain", "DomainName", "CertificateArn"} & set(strings_in(others))

    def test_domain_leads_to_the_stage_that_is_made(self, translated: dict[str, Any]) -> None:
        """At its root, by TLS 1.2 at the least, once the stage is there."""
        domain = translated["Resources"]["ApiDomain"]["Properties"]
        assert domain["SecurityPolicy"] == "TLS_1_2"
        assert domain["RegionalCertificateArn"] == {"Ref": "CertificateArn"}
        mapping = translated["Resources"]["ApiDomainMapping"]["Properties"]
        stage = mapping["Stage"]["Ref"]
        assert translated["Resources"][stage]["Type"] == "AWS::ApiGateway::Stage"
        assert "BasePath" not in mapping

    def test_outputs_are_the_members_of_a_route_53_alias(self, template: dict[str, Any]) -> None:
        """An alias record needs the name of its target and the hosted zone of that name."""
        wanted = {
            "DomainTarget": "RegionalDomainName",
            "DomainTargetHostedZoneId": "RegionalHostedZoneId",
        }
        for name, attribute in wanted.items():
            assert template["Outputs"][name]["Value"] == {"Fn::GetAtt": ["ApiDomain", attribute]}

    def test_domain_without_certificate_is_refused_before_anything_is_made(
        self, template: dict[str, Any]
    ) -> None:
        """CloudFormation checks rules first."""
        rule = template["Rules"]["DomainNeedsItsCertificate"]
        assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
        (assertion,) = rule["Assertions"]
        assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}


def test_authorizers_can_be_used_by_other_stacks(template: dict[str, Any]) -> None:
    """Each is exported by names of the stack's own, as its alias and, as before, as the function."""
    exported = {n: o for n, o in template["Outputs"].items() if "Export" in o}
    authorizers = [n for n in functions_in(template["Resources"]) if n.endswith("Authorizer")]
    assert exported.keys() == {f"{name}{what}" for name in authorizers for what in ("Arn", "AliasArn")}
    for name, output in exported.items():
        assert output["Export"]["Name"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    for name in authorizers:
        assert exported[f"{name}Arn"]["Value"] == {"Fn::GetAtt": [name, "Arn"]}
        assert exported[f"{name}AliasArn"]["Value"] == {"Ref": f"{name}Alias"}


def test_outputs_tell_what_comes_next(template: dict[str, Any]) -> None:
    """Where the API answers, its table and keys."""
    wanted = {"EndpointURL", "RestAPIId", "TableName", "SigningKeyArn", "AccessTokenKeyArn", "DomainTarget"}
    assert wanted <= template["Outputs"].keys()
