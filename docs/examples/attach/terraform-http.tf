locals {
  http_authorizer = data.aws_cloudformation_stack.tokens.outputs["HttpApiAuthorizerAliasArn"]
}

resource "aws_apigatewayv2_authorizer" "api_token" {
  name                              = "api-token"
  api_id                            = aws_apigatewayv2_api.orders.id
  authorizer_type                   = "REQUEST"
  identity_sources                  = ["$request.header.Authorization"]
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  authorizer_result_ttl_in_seconds  = 0
  authorizer_uri                    = "arn:${data.aws_partition.current.partition}:apigateway:${data.aws_region.current.region}:lambda:path/2015-03-31/functions/${local.http_authorizer}/invocations"
}

resource "aws_lambda_permission" "http_authorizer" {
  action        = "lambda:InvokeFunction"
  function_name = split(":", local.http_authorizer)[6]
  qualifier     = split(":", local.http_authorizer)[7]
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.orders.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.api_token.id}"
}

resource "aws_apigatewayv2_route" "list_orders" {
  api_id             = aws_apigatewayv2_api.orders.id
  route_key          = "GET /orders"
  target             = "integrations/${aws_apigatewayv2_integration.orders.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.api_token.id
}
