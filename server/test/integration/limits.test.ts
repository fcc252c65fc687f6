/**
 * What a socket may not do: be silent, read too slowly, say too much, too fast, or nothing that makes sense.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { getEntity } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Refused, SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';

let server: TestServer;
let impatient: TestServer;
beforeAll(async () => {
  impatient = await startTestServer({ limits: { helloTimeoutMs: 1_500, pingIntervalMs: 800 } });
  server = await startTestServer({
    limits: {
      session: { burst: 60, perSecond: 2 },
      chat: { burst: 3, perSecond: 1 },
    },
  });
});
afterAll(() => Promise.all([server.stop(), impatient.stop()]));

describe('before hello', () => {
  test('[HELLO1] a socket that says nothing is closed with 4401', async () => {
    const client = await SignalingClient.open(impatient.url);
    expect((await client.closed).code).toBe(4401);
  });

  test('[HELLO2] another protocol version is refused and closed with 4426', async () => {
    const client = await SignalingClient.open(server.url);
    await expect(client.request('hello', { protocolVersion: 2 })).rejects.toMatchObject({
      code: 'incompatible-version',
    });
    expect((await client.closed).code).toBe(4426);
  });

  test('[HELLO3] nothing else is answered', async () => {
    const client = await SignalingClient.open(server.url);
    await expect(client.request('ping', {})).rejects.toMatchObject({ code: 'invalid-state' });
    await client.cut();
  });

  test('[ORDER1] frames behind one that was refused are answered, also when the hello is among them', async () => {
    const client = await SignalingClient.open(server.url);
    const [tooEarly, hello, ping] = await Promise.allSettled([
      client.request('ping', {}),
      client.request('hello', { protocolVersion: 1 }),
      client.request('ping', {}),
    ]);
    expect(tooEarly).toMatchObject({ reason: { code: 'invalid-state' } });
    expect(hello).toMatchObject({ value: { resumed: false } });
    expect(ping.status).toBe('fulfilled');
    await client.close();
  });

  test('[HELLO4] what follows hello in one go is answered after it, in order', async () => {
    const client = await SignalingClient.open(server.url);
    const [hello, join] = await Promise.all([
      client.request('hello', { protocolVersion: 1 }),
      client.join('early', 'Ada'),
    ]);
    expect(hello.resumed).toBe(false);
    expect(join.peerId).not.toBe('');
    await client.close();
  });

  test('[LIMIT1] too many sockets from one address are refused before the handshake', async () => {
    const strict = await startTestServer({ limits: { address: { burst: 2, perSecond: 0.001 } } });
    try {
      const first = await SignalingClient.connect(strict.url);
      await (await SignalingClient.connect(strict.url)).close();
      const third = new WebSocket(strict.url);
      const [request, response] = await once(third, 'unexpected-response');
      expect(response.statusCode).toBe(429);
      request.destroy();
      // Nor may somebody who was refused go on holding the connection.
      const { port } = new URL(strict.url);
      const holder = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      holder.write(
        'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      const [answer] = await once(holder, 'data');
      expect(answer.toString()).toContain('429');
      // What is written to a connection that the other side has closed is answered with a reset.
      const poke = setInterval(() => holder.write('x'), 50);
      await once(holder, 'error').finally(() => clearInterval(poke));
      // Who is in goes on.
      expect(await first.request('ping', {})).toHaveProperty('serverTimeMs');
      await first.close();
    } finally {
      await strict.stop();
    }
  });

  test('[LIMIT1] the settings say how many, and the log what is in force', async () => {
    const settings = { PARLEY_CONNECT_BURST: '3', PARLEY_CONNECT_RATE: '1' };
    const strict = await startTestServer({ settings });
    try {
      const attempts = await Promise.allSettled(
        Array.from({ length: 20 }, () => SignalingClient.connect(strict.url)),
      );
      const admitted = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      expect(admitted.length).toBeGreaterThanOrEqual(3);
      expect(admitted.length).toBeLessThan(20);
      expect(strict.logLines).toContainEqual(
        expect.objectContaining({ max: 15_000, socketsPerAddress: { burst: 3, perSecond: 1 } }),
      );
      await Promise.all(admitted.map((client) => client.close()));
    } finally {
      await strict.stop();
    }
  });
});

describe('frames', () => {
  test.each([
    ['{', '-', ''],
    ['null', '-', ''],
    ['[]', '-', ''],
    ['{"id":"a","name":5,"data":{}}', 'a', 'name'],
    ['{"id":"a","name":"fly","data":{}}', 'a', 'name'],
    ['{"id":"a","name":"constructor","data":{}}', 'a', 'name'],
    ['{"id":"a","name":"__proto__","data":{}}', 'a', 'name'],
    ['{"id":{},"name":"ping","data":{}}', '-', 'id'],
    ['{"id":"a","name":"ping"}', 'a', 'data'],
    ['{"id":"a","name":"join","data":{"roomId":"no spaces","displayName":"Ada"}}', 'a', 'data.roomId'],
    [
      '{"id":"a","name":"subscribe","data":{"transportId":"t","publicationIds":["ok",7]}}',
      'a',
      'data.publicationIds.1',
    ],
  ])('[FRAME1] %s is refused with the path', async (text, id, path) => {
    const client = await SignalingClient.connect(server.url);
    const answer = await client.raw(text, id);
    expect(answer).toMatchObject({ error: { code: 'invalid-request', details: { path } } });
    await client.close();
  });

  test('[FRAME2] a binary frame is refused; more than 64 KiB close the socket with 1009', async () => {
    const client = await SignalingClient.connect(server.url);
    client.socket.send(Buffer.from('{}'));
    await client.until('the refusal', () => client.strayReplies[0]?.code === 'invalid-request');
    client.socket.send(JSON.stringify({ id: 'a', name: 'ping', data: 'x'.repeat(64 * 1024) }));
    expect((await client.closed).code).toBe(1009);
  });

  test('[FRAME3] repeated rubbish closes the socket with 4400', async () => {
    const client = await SignalingClient.connect(server.url);
    for (let index = 0; index < 40; index += 1) client.socket.send('rubbish');
    expect((await client.closed).code).toBe(4400);
    expect(client.strayReplies.length).toBeGreaterThanOrEqual(20);
  });
});

describe('how fast', () => {
  test('[LIMIT2] requests above the rate are refused with the time to wait; far above it the socket closes (4429)', async () => {
    const client = await SignalingClient.connect(server.url);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => client.request('ping', {}).catch((error: unknown) => error)),
    );
    const refused = answers.filter((answer) => answer instanceof Refused);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.length).toBeLessThanOrEqual(40);
    expect(refused[0]).toMatchObject({ code: 'rate-limited', details: { retryAfterMs: expect.any(Number) } });
    for (let index = 0; index < 400; index += 1) client.socket.send('{"id":"x","name":"ping","data":{}}');
    expect((await client.closed).code).toBe(4429);
  });

  test('[LIMIT3] chat messages have a rate of their own', async () => {
    const client = await SignalingClient.join(server.url, 'spam', 'Ada');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client
          .request('chatSend', { messageId: `01890a5d-ac96-774b-bcce-b302099a805${index}`, text: 'spam' })
          .then(
            () => 'stored',
            (error: Refused) => error.code,
          ),
      ),
    );
    expect(answers.slice(0, 3)).toEqual(['stored', 'stored', 'stored']);
    expect(answers.slice(4)).toEqual(Array(4).fill('rate-limited'));
    await client.close();
  });
});

describe('who does not answer or read', () => {
  test('[PING2] a silent socket is cut after 2.5 intervals, and its seat is kept', async () => {
    const ada = await SignalingClient.join(impatient.url, 'silence', 'Ada');
    const bob = await SignalingClient.join(impatient.url, 'silence', 'Bob');
    // The TCP connection stands, but nothing is read, so no pong goes out.
    bob.socket.pause();
    await ada.until(
      'Bob is noticed',
      () => getEntity(ada.room!, 'peer', bob.peerId)?.connection === 'reconnecting',
    );
    bob.socket.resume();
    expect((await bob.closed).code).toBe(1006);
    await ada.close();
  });

  test('[SLOW1] a reader that leaves 1 MiB unread is cut and resumes; the others notice nothing but that', async () => {
    const roomy = await startTestServer({ limits: { session: { burst: 100_000, perSecond: 100_000 } } });
    try {
      const ada = await SignalingClient.join(roomy.url, 'slow', 'Ada');
      const bob = await SignalingClient.join(roomy.url, 'slow', 'Bob');
      for (let index = 0; index < 25; index += 1) {
        const messageId = `01890a5d-ac96-774b-bcce-b302099a8${String(index).padStart(3, '0')}`;
        await ada.request('chatSend', { messageId, text: 'x'.repeat(4000) });
      }
      bob.socket.pause();
      // Each asks for 100 KB that are never read. What the kernel takes in between differs by machine.
      let index = 0;
      const flood = setInterval(() => {
        for (let burst = 0; burst < 5; burst += 1) {
          index += 1;
          bob.socket.send(JSON.stringify({ id: `h${index}`, name: 'chatHistory', data: {} }));
        }
      }, 10);
      await ada.until(
        'Bob is cut',
        () => getEntity(ada.room!, 'peer', bob.peerId)?.connection === 'reconnecting',
      );
      clearInterval(flood);
      bob.socket.resume();
      expect((await bob.closed).code).toBe(4408);
      const back = await SignalingClient.connect(roomy.url, { resumeToken: bob.hello!.resumeToken });
      await back.join('slow', 'Bob', bob.room);
      await ada.until('Bob is back', () => getEntity(ada.room!, 'peer', bob.peerId)?.connection === 'online');
      await Promise.all([ada.close(), back.close()]);
    } finally {
      await roomy.stop();
    }
  });
});
