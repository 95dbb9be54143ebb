/** Requests with headers as they are written here. */

import { once } from 'node:events';
import { connect } from 'node:net';

/** Listen on a free port, and close at the end of a test. */
export async function listening(t, server) {
  if (!server.listening) await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

/** Return the status, the lines and the body of a response. `headers` are pairs. */
export async function ask(port, path, headers = [], method = 'GET') {
  const socket = connect(port, '127.0.0.1');
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  socket.end([`${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head, body] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}
