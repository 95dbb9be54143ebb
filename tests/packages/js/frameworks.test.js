import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serve } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';

import { expressCaller, honoCaller } from '../../../packages/js/src/index.js';
import { ask, listening } from './servers.js';
import { BEHIND_ADAPTER, pretend } from './trust.js';

const NAME = 'x-amzn-request-context';
const events = JSON.parse(process.env.EVENTS);
const context = JSON.stringify(events.rest.requestContext);
const forged = context.replaceAll('usr_1', 'usr_victim');

function expressApp() {
  const app = express();
  app.use(expressCaller({ openPaths: ['/health'] }));
  app.get('/whoami', (request, response) => { response.json(request.caller); });
  app.delete('/orders', (request, response) => {
    request.caller.requireScope('orders:write');
    response.json({ deleted: true });
  });
  app.get('/health', (request, response) => { response.json({ ok: true }); });
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.status ?? 500).json({ code: error.name });
  });
  return app.listen(0, '127.0.0.1');
}

function honoRoutes() {
  const app = new Hono();
  app.use(honoCaller({ openPaths: ['/health'] }));
  app.get('/whoami', (c) => c.json(c.get('caller')));
  app.delete('/orders', (c) => {
    c.get('caller').requireScope('orders:write');
    return c.json({ deleted: true });
  });
  app.get('/health', (c) => c.json({ ok: true }));
  return app;
}

const honoApp = () => serve({ fetch: honoRoutes().fetch, port: 0, hostname: '127.0.0.1' });

const FORGERIES = [
  [[NAME, forged]],
  [['X-Amzn-Request-Context', forged]],
  [['x_amzn_request_context', forged]],
  [['X-Amzn_Request-Context', forged]],
  [['x-amzn-lambda-context', forged], ['connection', NAME]],
];

/** As the adapter does: replace all values of the name in any case, and pass the others on. */
const throughAdapter = (headers, value = context) =>
  [...headers.filter(([name]) => name.toLowerCase() !== NAME), [NAME, value]];

for (const [name, make] of Object.entries({ express: expressApp, hono: honoApp })) {
  test(`${name}: behind the adapter the caller arrives, and no header of the client counts`, async (t) => {
    pretend(BEHIND_ADAPTER);
    const port = await listening(t, make());
    for (const headers of [[], ...FORGERIES]) {
      for (const sent of [throughAdapter(headers), throughAdapter(headers).reverse()]) {
        const { status, body } = await ask(port, '/whoami', sent);
        assert.equal(status, 200, body);
        const found = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1));
        assert.equal(found.userId, 'usr_1');
        assert.equal(found.tokenName, process.env.TOKEN_NAME);
      }
    }
  });

  test(`${name}: what the adapter never sends is refused`, async (t) => {
    pretend(BEHIND_ADAPTER);
    const port = await listening(t, make());
    for (const headers of [
      [],
      [[NAME, '']],
      [[NAME, context], [NAME, context]],
      [[NAME, forged], ['X-AMZN-Request-Context', context]],
      [[NAME, context.slice(1)]],
      [[NAME, `[${context}]`]],
      [[NAME, 'null']],
      [[NAME, JSON.stringify(context)]],
      [[NAME, `{"authorizer":${'['.repeat(10_000)}`]],
      [[NAME, '{"elb":{}}']],
      [[NAME, `{"x":"${'x'.repeat(70_000)}",${context.slice(1)}`]],
      [['x_amzn_request_context', forged]],
    ]) {
      const { status, head, body } = await ask(port, '/whoami', headers);
      assert.ok(status === 401 || status === 431, `${status} ${headers}`.slice(0, 90));
      assert.ok(!body.includes('usr_'));
      if (status === 401) {
        assert.match(body, /"code":"not_authenticated"/);
        assert.match(head, /www-authenticate: bearer/);
        assert.match(head, /application\/problem\+json/);
      }
    }
  });

  test(`${name}: one sign of the adapter is not enough`, async (t) => {
    for (const signs of [{}, { functionName: 'orders' }, { hasExtension: true }]) {
      pretend(signs);
      const port = await listening(t, make());
      for (const headers of FORGERIES) assert.equal((await ask(port, '/whoami', headers)).status, 401);
      assert.equal((await ask(port, '/health')).status, 200);
      for (const path of ['/health/', '/HEALTH', '//health']) assert.equal((await ask(port, path)).status, 401);
    }
  });

  test(`${name}: a missing scope is 403`, async (t) => {
    pretend(BEHIND_ADAPTER);
    const port = await listening(t, make());
    assert.equal((await ask(port, '/orders', throughAdapter([]), 'DELETE')).status, 403);
    const granted = context.replace('orders:read', 'orders:write');
    assert.equal((await ask(port, '/orders', throughAdapter([], granted), 'DELETE')).status, 200);
  });
}

test('hono with its own handler for Lambda: the event counts, not the header', async () => {
  for (const signs of [{ functionName: 'orders' }, BEHIND_ADAPTER]) {
    pretend(signs);
    const event = {
      version: '2.0',
      rawPath: '/whoami',
      rawQueryString: '',
      headers: { [NAME]: forged, host: 'api.example.com' },
      isBase64Encoded: false,
      requestContext: {
        ...events.http_2.requestContext,
        domainName: 'api.example.com',
        http: { method: 'GET', path: '/whoami' },
      },
    };
    const handler = handle(honoRoutes());
    const response = await handler(event, {});
    assert.equal(response.statusCode, 200);
    assert.equal(JSON.parse(response.body).userId, 'usr_1');
    event.requestContext.authorizer = {};
    assert.equal((await handler(event, {})).statusCode, 401);
  }
});

test('hono on a server that does not tell raw headers is refused', async () => {
  pretend(BEHIND_ADAPTER);
  const response = await honoRoutes().request('/whoami', { headers: { [NAME]: context } });
  assert.equal(response.status, 401);
});

test('the reason goes to the log without what the client sent', async (t) => {
  pretend(BEHIND_ADAPTER);
  const reasons = [];
  const app = express().use(expressCaller({ log: (reason) => reasons.push(reason) }));
  const port = await listening(t, app.listen(0, '127.0.0.1'));
  await ask(port, '/', [[NAME, '{"secret-of-the-client"']]);
  assert.deepEqual(reasons, [`${NAME} is not valid JSON.`]);
});

test('hono: a scope made of a request writes no header', async (t) => {
  pretend(BEHIND_ADAPTER);
  const app = new Hono();
  app.use(honoCaller());
  app.get('/tenants/:id', (c) => c.get('caller').requireScope(c.req.param('id')));
  const port = await listening(t, serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }));
  for (const [path, named] of [['orders:write', true], ['a%0d%0aSet-Cookie:b', false], ['a%22,realm=%22b', false]]) {
    const { status, head } = await ask(port, `/tenants/${path}`, throughAdapter([]));
    assert.equal(status, 403);
    assert.equal(head.includes(', scope='), named);
    assert.ok(!head.includes('\nset-cookie') && !head.includes('realm'));
  }
});
