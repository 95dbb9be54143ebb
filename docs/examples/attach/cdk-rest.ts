import { Duration, Fn, aws_apigateway as apigateway, aws_lambda as lambda } from 'aws-cdk-lib';

const handler = lambda.Function.fromFunctionAttributes(this, 'RestRequestAuthorizer', {
  functionArn: Fn.importValue('TokenStack-RestRequestAuthorizerAliasArn'),
  sameEnvironment: true,
});
const authorizer = new apigateway.RequestAuthorizer(this, 'ApiToken', {
  handler,
  identitySources: [apigateway.IdentitySource.header('Authorization'), apigateway.IdentitySource.context('identity.sourceIp')],
  resultsCacheTtl: Duration.seconds(30),
});
const orders = new apigateway.RestApi(this, 'OrdersApi', { defaultMethodOptions: { authorizer } });
orders.root.addResource('orders').addMethod('GET');
