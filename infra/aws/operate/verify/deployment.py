"""The facts about a deployed stack, which are read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.session import Session

from infra.aws.account import session_of_environment
from infra.aws.errors import DeploymentError
from infra.aws.operate.verify.site import Clients, Facts, Resource
from infra.aws.operate.verify.wire import HttpWire
from infra.aws.stacks import Stack

API = "APIHandler"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def clients_of(session: Session | None = None) -> Clients:
    """Return a function that makes clients, by default with the session of the environment, each once."""
    session = session or session_of_environment()
    made: dict[str, Any] = {}

    def client(service: str, credentials: Mapping[str, str] | None = None) -> Any:
        if credentials is not None:
            return session.create_client(
                service,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
        if service not in made:
            made[service] = session.create_client(service)
        return made[service]

    return client


def facts_of(client: Clients, stack: str, stage: str) -> Facts:
    """Return the facts of a stack.

    Raises DeploymentError if it does not exist, ClientError, BotoCoreError.
    """
    cloudformation = client("cloudformation")
    described: Any = Stack(cloudformation, stack).described()
    if described is None or described["StackStatus"].startswith(("DELETE", "REVIEW")):
        raise DeploymentError(f"The stack {stack} does not exist. Deploy it first, or name it with STACK=.")
    resources = _resources(cloudformation, stack)
    if API not in resources:
        raise DeploymentError(f"The stack {stack} is not a stack of this service, because it lacks {API}.")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    function = client("lambda").get_function_configuration(FunctionName=resources[API].name)
    endpoint: str = cloudformation.meta.endpoint_url
    return Facts(
        stack=stack,
        stage=stage,
        account=client("sts").get_caller_identity()["Account"],
        region=cloudformation.meta.region_name,
        outputs=outputs,
        parameters={p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", [])},
        resources=resources,
        settings=function.get("Environment", {}).get("Variables", {}),
        deployed_at=described.get("LastUpdatedTime") or described["CreationTime"],
        cache_seconds=_cache_seconds(client("apigateway"), outputs["RestAPIId"]),
        # AWS supports https only.
        emulated=endpoint.startswith("http://"),
    )


def wire_of(client: Clients, facts: Facts, url: str = "") -> HttpWire:
    """Return the wire to the stack's API: at the given URL, its domain, or its own address."""
    if url:
        return wire_at(url)
    if domain := facts.parameters.get("DomainName"):
        return HttpWire(f"https://{domain}")
    if not facts.emulated:
        return HttpWire(facts.outputs["EndpointURL"])
    endpoint = client("cloudformation").meta.endpoint_url
    api, port = facts.outputs["RestAPIId"], urlsplit(endpoint).port
    path = urlsplit(facts.outputs["EndpointURL"]).path.rstrip("/")
    return HttpWire(
        f"{endpoint.rstrip('/')}/{path.rpartition('/')[2]}", f"{api}.execute-api.localhost:{port}"
    )


def wire_at(url: str) -> HttpWire:
    """Return the wire to a URL that an operator typed. Raises DeploymentError.

    A JWT or a token is sent there, so it must be https, or http on this machine.
    """
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        known = False
    if not known or parts.scheme not in ("https", "http"):
        raise DeploymentError("URL and DOORS must be addresses such as https://orders.example.com/orders.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise DeploymentError(
            f"{parts.hostname} must be an address with https, because tokens are sent there."
        )
    return HttpWire(url)


def _resources(cloudformation: Any, stack: str) -> dict[str, Resource]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        each["LogicalResourceId"]: Resource(each["ResourceType"], each["PhysicalResourceId"])
        for page in pages
        for each in page["StackResourceSummaries"]
        if each.get("PhysicalResourceId")
    }


def _cache_seconds(gateway: Any, api: str) -> int:
    found = gateway.get_authorizers(restApiId=api)["items"]
    # 300 is the default of API Gateway.
    return max((int(each.get("authorizerResultTtlInSeconds", 300)) for each in found), default=0)
