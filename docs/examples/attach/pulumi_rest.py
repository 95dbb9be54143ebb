"""A REST API whose callers present API tokens."""

import pulumi
import pulumi_aws as aws

authorizer = aws.cloudformation.get_stack(name="TokenStack").outputs["RestRequestAuthorizerAliasArn"]
partition, region = aws.get_partition().partition, aws.get_region().region
function, alias = authorizer.split(":")[6:8]

api = aws.apigateway.RestApi("orders")
orders = aws.apigateway.Resource(
    "orders", rest_api=api.id, parent_id=api.root_resource_id, path_part="orders"
)
api_token = aws.apigateway.Authorizer(
    "api-token",
    rest_api=api.id,
    type="REQUEST",
    identity_source="method.request.header.Authorization, context.identity.sourceIp",
    authorizer_result_ttl_in_seconds=30,
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
method = aws.apigateway.Method(
    "list-orders",
    rest_api=api.id,
    resource_id=orders.id,
    http_method="GET",
    authorization="CUSTOM",
    authorizer_id=api_token.id,
)
integration = aws.apigateway.Integration(
    "list-orders",
    rest_api=api.id,
    resource_id=orders.id,
    http_method=method.http_method,
    type="HTTP_PROXY",
    integration_http_method="GET",
    uri="https://orders.example.com/orders",
)
deployment = aws.apigateway.Deployment(
    "orders",
    rest_api=api.id,
    # A new deployment for each change of the method, because the stage serves the old one.
    triggers={"method": pulumi.Output.json_dumps([method.authorization, method.authorizer_id])},
    opts=pulumi.ResourceOptions(depends_on=[method, integration]),
)
aws.apigateway.Stage("prod", rest_api=api.id, deployment=deployment.id, stage_name="prod")
