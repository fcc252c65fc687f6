/**
 * A client on another machine of the LAN, as far as networking goes: lan.test.ts runs it inside a second network namespace.
 * Does not judge: it prints one line of JSON with what it saw.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet, type RequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { PROTOCOL_VERSION } from '@parley/protocol';
import { type ClientOptions, WebSocket } from 'ws';

const [host, caFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile);
const plain = `http://${host}:3000`;
const secure = `https://${host}:3443`;

async function fetchWith(get: typeof httpGet | typeof httpsGet, url: string, options: RequestOptions = {}) {
  const headers = { accept: 'text/html' };
  const [response]: IncomingMessage[] = await once(
    get(url, { ...options, headers, agent: false }),
    'response',
  );
  if (response === undefined) throw new Error('no response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode,
    names:
      response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().subjectaltname : undefined,
    body: Buffer.concat(chunks).toString('base64'),
  };
}

/** What the server answers to the first frame of every client. */
async function hello(origin: string, options: ClientOptions = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, options);
  await once(socket, 'open');
  socket.send(JSON.stringify({ id: '1', name: 'hello', data: { protocolVersion: PROTOCOL_VERSION } }));
  const [message] = await once(socket, 'message');
  socket.terminate();
  return JSON.parse(String(message));
}

const outcome = <T>(promise: Promise<T>) =>
  promise.catch((error: NodeJS.ErrnoException) => ({ refused: error.code }));

console.log(
  JSON.stringify({
    health: await outcome(fetchWith(httpsGet, `${secure}/healthz`, { ca })),
    page: await outcome(fetchWith(httpsGet, `${secure}/r/lan`, { ca })),
    hello: await outcome(hello(secure, { ca })),
    untrusted: await outcome(fetchWith(httpsGet, `${secure}/healthz`)),
    untrustedHello: await outcome(hello(secure)),
    plainPage: await outcome(fetchWith(httpGet, `${plain}/r/lan`)),
    plainHello: await outcome(hello(plain)),
    caCertificate: await outcome(fetchWith(httpGet, `${plain}/parley-ca.crt`)),
  }),
);
process.exit();
