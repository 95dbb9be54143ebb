import { Duration, Fn, aws_apigatewayv2 as apigatewayv2, aws_apigatewayv2_authorizers as authorizers, aws_apigatewayv2_integrations as integrations, aws_lambda as lambda } from 'aws-cdk-lib';

const handler = lambda.Function.fromFunctionAttributes(this, 'HttpApiAuthorizer', {
  functionArn: Fn.importValue('TokenStack-HttpApiAuthorizerAliasArn'),
  sameEnvironment: true,
});
const defaultAuthorizer = new authorizers.HttpLambdaAuthorizer('ApiToken', handler, {
  responseTypes: [authorizers.HttpLambdaResponseType.SIMPLE],
  resultsCacheTtl: Duration.seconds(0),
});
const orders = new apigatewayv2.HttpApi(this, 'OrdersHttpApi', { defaultAuthorizer });
orders.addRoutes({
  path: '/orders',
  methods: [apigatewayv2.HttpMethod.GET],
  integration: new integrations.HttpUrlIntegration('Orders', 'https://orders.example.com'),
});
