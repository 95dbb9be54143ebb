import { Duration, Fn, aws_apigateway as apigateway, aws_lambda as lambda } from 'aws-cdk-lib';

const api = apigateway.RestApi.fromRestApiAttributes(this, 'OrdersApi', {
  restApiId: Fn.importValue('orders-ApiId'),
  rootResourceId: Fn.importValue('orders-RootResourceId'),
});
const handler = lambda.Function.fromFunctionAttributes(this, 'RestRequestAuthorizer', {
  functionArn: Fn.importValue('TokenStack-RestRequestAuthorizerAliasArn'),
  sameEnvironment: true,
});
const authorizer = new apigateway.RequestAuthorizer(this, 'ApiToken', {
  handler,
  identitySources: [apigateway.IdentitySource.header('Authorization'), apigateway.IdentitySource.context('identity.sourceIp')],
  resultsCacheTtl: Duration.seconds(30),
});
const method = api.root.addResource('orders').addMethod('GET', new apigateway.HttpIntegration('https://orders.example.com'), { authorizer });
const deployment = new apigateway.Deployment(this, 'Deployment', { api, stageName: 'prod' });
deployment.node.addDependency(method);
