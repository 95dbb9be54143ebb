locals {
  rest_authorizer = data.aws_cloudformation_stack.tokens.outputs["RestRequestAuthorizerAliasArn"]
}

resource "aws_api_gateway_authorizer" "api_token" {
  name                             = "api-token"
  rest_api_id                      = aws_api_gateway_rest_api.orders.id
  type                             = "REQUEST"
  identity_source                  = "method.request.header.Authorization, context.identity.sourceIp"
  authorizer_result_ttl_in_seconds = 30
  authorizer_uri                   = "arn:${data.aws_partition.current.partition}:apigateway:${data.aws_region.current.region}:lambda:path/2015-03-31/functions/${local.rest_authorizer}/invocations"
}

resource "aws_lambda_permission" "rest_authorizer" {
  action        = "lambda:InvokeFunction"
  function_name = split(":", local.rest_authorizer)[6]
  qualifier     = split(":", local.rest_authorizer)[7]
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.orders.execution_arn}/authorizers/${aws_api_gateway_authorizer.api_token.id}"
}

resource "aws_api_gateway_method" "list_orders" {
  rest_api_id   = aws_api_gateway_rest_api.orders.id
  resource_id   = aws_api_gateway_resource.orders.id
  http_method   = "GET"
  authorization = "CUSTOM"
  authorizer_id = aws_api_gateway_authorizer.api_token.id
}

resource "aws_api_gateway_deployment" "orders" {
  rest_api_id = aws_api_gateway_rest_api.orders.id

  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_authorizer.api_token,
      aws_api_gateway_method.list_orders,
      aws_api_gateway_integration.list_orders,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}
