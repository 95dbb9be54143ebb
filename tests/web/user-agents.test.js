/** User agents in short words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { programOf } from '../../chalicelib/web/user-agents.js';

const MOZILLA = 'Mozilla/5.0 ';

for (const [userAgent, words] of [
  [`${MOZILLA}(Macintosh; Intel Mac OS X 10.15; rv:156.0) Gecko/20100101 Firefox/156.0`, 'Firefox on macOS'],
  [`${MOZILLA}(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36`,
    'Chrome on Windows'],
  [`${MOZILLA}(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36`,
    'Chrome on Android'],
  [`${MOZILLA}(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 `
    + 'Mobile/15E148 Safari/604.1', 'Safari on iPhone'],
  [`${MOZILLA}(Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0`,
    'Edge on Windows'],
  [`${MOZILLA}(compatible)`, 'A browser'],
  ['curl/8.7.1', 'curl'],
  ['python-requests/2.32.3', 'python-requests'],
  ['dbt Cloud/1.9 (x86_64)', 'dbt Cloud'],
  ['Go-http-client/2.0', 'Go-http-client'],
  ['/odd', '/odd'],
  ['', ''],
  [null, ''],
]) {
  test(`${userAgent} is “${words}”`, () => assert.equal(programOf(userAgent), words));
}

test('a hostile user agent is short, and turns no direction', () => {
  const hostile = programOf(`\u202e\u0007\n<img onerror=x>${'y'.repeat(500)}`);
  assert.equal([...hostile].length, 32);
  assert.doesNotMatch(hostile, /[\p{C}\n]/u);
});

test('many patterns cost no time that grows faster than the text', () => {
  const begun = performance.now();
  programOf(`${MOZILLA}${'Version/'.repeat(20_000)}`);
  assert.ok(performance.now() - begun < 1000);
});
