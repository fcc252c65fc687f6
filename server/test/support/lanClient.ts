/**
 * A client on another machine of the LAN, as far as networking goes: lan.test.ts runs it inside a second network namespace.
 * Does not judge: it prints one line of JSON with what it saw.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet, type RequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';

const [host, httpPort, httpsPort, caFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile);

async function fetchWith(get: typeof httpGet | typeof httpsGet, url: string, options: RequestOptions = {}) {
  const [response]: IncomingMessage[] = await once(get(url, { ...options, agent: false }), 'response');
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

async function socketGreeting(url: string, options: ClientOptions = {}) {
  const socket = new WebSocket(url, options);
  const [message] = await once(socket, 'message');
  socket.terminate();
  return String(message);
}

const outcome = <T>(promise: Promise<T>) =>
  promise.catch((error: NodeJS.ErrnoException) => ({ refused: error.code }));

console.log(
  JSON.stringify({
    trusted: await outcome(fetchWith(httpsGet, `https://${host}:${httpsPort}/healthz`, { ca })),
    untrusted: await outcome(fetchWith(httpsGet, `https://${host}:${httpsPort}/healthz`)),
    secureSocket: await outcome(socketGreeting(`wss://${host}:${httpsPort}/ws`, { ca })),
    plain: await outcome(fetchWith(httpGet, `http://${host}:${httpPort}/healthz`)),
    plainSocket: await outcome(socketGreeting(`ws://${host}:${httpPort}/ws`)),
    caCertificate: await outcome(fetchWith(httpGet, `http://${host}:${httpPort}/parley-ca.crt`)),
  }),
);
process.exit();
