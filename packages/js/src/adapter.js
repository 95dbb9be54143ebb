/**
 * The request context that the AWS Lambda Web Adapter passes in a header.
 *
 * The adapter sets `x-amzn-request-context` on each request and replaces every value that a client sent
 * (https://awslabs.github.io/aws-lambda-web-adapter/features/request-context.html). Without the adapter the
 * header is the client's. So it counts only in a Lambda function in which the adapter runs.
 */

import { existsSync } from 'node:fs';

import { callerFromContext } from './callers.js';
import { NotAuthenticated } from './errors.js';

export const HEADER = 'x-amzn-request-context';

// The adapter's place in a layer and in a container image, as its documentation asks.
const EXTENSION = '/opt/extensions/lambda-adapter';

// API Gateway takes 10,240 bytes of headers. A context with a client certificate is a few times as long.
const MAX_BYTES = 65_536;

/**
 * Return true if this process serves a Lambda function through the adapter.
 *
 * Both signs count. The same container image may run outside Lambda, where the adapter does not start. A
 * function may run without the adapter, for example with Hono's own handler for Lambda.
 */
export function runsBehindAdapter() {
  return Boolean(process.env.AWS_LAMBDA_FUNCTION_NAME) && existsSync(EXTENSION);
}

/**
 * Return the caller that the raw headers of a Node request describe: names and values in turn.
 *
 * `isTrusted` is the result of `runsBehindAdapter`. Throws NotAuthenticated if the header does not count, or
 * is missing, repeated or too long. It also throws if the header is not the JSON of a context with a caller.
 */
export function callerFromHeaders(rawHeaders, isTrusted) {
  if (!isTrusted) {
    const message = `This process does not run behind the AWS Lambda Web Adapter, so ${HEADER} does not count.`;
    throw new NotAuthenticated(message);
  }
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1].toLowerCase() === HEADER);
  // The adapter sends exactly one.
  if (values.length !== 1) {
    throw new NotAuthenticated(`The request has ${values.length} headers ${HEADER} instead of one.`);
  }
  if (values[0].length > MAX_BYTES) throw new NotAuthenticated(`${HEADER} is longer than ${MAX_BYTES} bytes.`);
  return callerFromContext(parsed(values[0]));
}

function parsed(value) {
  try {
    // Node gives one character for each byte.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1')));
  } catch {
    // The cause would repeat the header's text.
    throw new NotAuthenticated(`${HEADER} is not valid JSON.`);
  }
}
