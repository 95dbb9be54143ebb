import { Duration, Fn, aws_apigatewayv2 as apigatewayv2, aws_apigatewayv2_authorizers as authorizers, aws_apigatewayv2_integrations as integrations, aws_lambda as lambda } from 'aws-cdk-lib';

const httpApi = apigatewayv2.HttpApi.fromHttpApiAttributes(this, 'OrdersHttpApi', { httpApiId: Fn.importValue('orders-ApiId') });
const handler = lambda.Function.fromFunctionAttributes(this, 'HttpApiAuthorizer', {
  functionArn: Fn.importValue('TokenStack-HttpApiAuthorizerAliasArn'),
  sameEnvironment: true,
});
new apigatewayv2.HttpRoute(this, 'ListOrders', {
  httpApi,
  routeKey: apigatewayv2.HttpRouteKey.with('/orders', apigatewayv2.HttpMethod.GET),
  integration: new integrations.HttpUrlIntegration('Orders', 'https://orders.example.com'),
  authorizer: new authorizers.HttpLambdaAuthorizer('ApiToken', handler, {
    responseTypes: [authorizers.HttpLambdaResponseType.SIMPLE],
    resultsCacheTtl: Duration.seconds(0),
  }),
});
