import { Aws, Fn, aws_apigateway as apigateway, aws_lambda as lambda } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';

const functionName = Fn.importValue('TokenStack-RestRequestAuthorizerAliasArn');
const document = JSON.parse(readFileSync('openapi-rest.json', 'utf8'));
document.components.securitySchemes.ApiToken['x-amazon-apigateway-authorizer'].authorizerUri =
  `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/2015-03-31/functions/${functionName}/invocations`;
const api = new apigateway.SpecRestApi(this, 'OrdersApi', { apiDefinition: apigateway.ApiDefinition.fromInline(document) });
new lambda.CfnPermission(this, 'ApiTokenPermission', {
  action: 'lambda:InvokeFunction',
  functionName,
  principal: 'apigateway.amazonaws.com',
  sourceArn: `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${api.restApiId}/authorizers/*`,
});
