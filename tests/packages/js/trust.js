/** Makes this process look like a Lambda function with or without the adapter. */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Set both signs. The middleware reads them when it is made. */
export function pretend({ functionName, hasExtension }) {
  if (functionName) process.env.AWS_LAMBDA_FUNCTION_NAME = functionName;
  else delete process.env.AWS_LAMBDA_FUNCTION_NAME;
  fs.existsSync = (path) => hasExtension && path === '/opt/extensions/lambda-adapter';
  syncBuiltinESMExports();
}

export const BEHIND_ADAPTER = { functionName: 'orders', hasExtension: true };
