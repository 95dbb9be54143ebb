"""An HTTP API whose callers present API tokens."""

import pulumi
import pulumi_aws as aws

authorizer = aws.cloudformation.get_stack(name="TokenStack").outputs["HttpApiAuthorizerAliasArn"]
partition, region = aws.get_partition().partition, aws.get_region().region
function, alias = authorizer.split(":")[6:8]

api = aws.apigatewayv2.Api("orders", protocol_type="HTTP")
api_token = aws.apigatewayv2.Authorizer(
    "api-token",
    api_id=api.id,
    authorizer_type="REQUEST",
    identity_sources=["$request.header.Authorization"],
    authorizer_payload_format_version="2.0",
    enable_simple_responses=True,
    authorizer_result_ttl_in_seconds=0,
    authorizer_uri=(
        f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{authorizer}/invocations"
    ),
)
aws.lambda_.Permission(
    "api-token",
    action="lambda:InvokeFunction",
    function=function,
    qualifier=alias,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/authorizers/", api_token.id),
)
integration = aws.apigatewayv2.Integration(
    "orders",
    api_id=api.id,
    integration_type="HTTP_PROXY",
    integration_method="GET",
    integration_uri="https://orders.example.com/orders",
)
aws.apigatewayv2.Route(
    "list-orders",
    api_id=api.id,
    route_key="GET /orders",
    target=pulumi.Output.concat("integrations/", integration.id),
    authorization_type="CUSTOM",
    authorizer_id=api_token.id,
)
aws.apigatewayv2.Stage("default", api_id=api.id, name="$default", auto_deploy=True)
