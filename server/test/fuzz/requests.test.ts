/**
 * Seeded fuzz over the whole request table, with a real server and a real worker, while a call of others goes on next door.
 */
import { publicationIdOf } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RtcPeer } from '../support/rtcPeer.ts';
import { opusPacket, opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';
import { type Attack, attacks, type Placeholder, placeholders } from './arbitraries.ts';

const SEED = Number(process.env.PARLEY_FUZZ_SEED ?? 20_260_101);
const FRAMES = Number(process.env.PARLEY_FUZZ_FRAMES ?? 2_000);
/** Sent without waiting in between. */
const BATCH = 20;
const BYSTANDER_ROOM = 'a-room-that-nobody-guesses-4f1c';
const BYSTANDER_SSRC = 4242;

let server: TestServer;
beforeAll(async () => {
  const endless = { burst: 1e9, perSecond: 1e9 };
  server = await startTestServer({
    limits: { address: endless, session: endless, identity: endless, chat: endless },
  });
});
afterAll(() => server.stop());

/** Two people in a call with sound, and what must not change for them. */
class Bystanders {
  readonly ada: SignalingClient;
  readonly bob: SignalingClient;
  readonly transportId: string;
  readonly publicationId: string;
  readonly consumerId: string;
  readonly #media: readonly RtcPeer[];
  readonly #receiver: RtcPeer;
  readonly #stopSending: () => void;

  private constructor(parts: {
    ada: SignalingClient;
    bob: SignalingClient;
    transportId: string;
    consumerId: string;
    sender: RtcPeer;
    receiver: RtcPeer;
  }) {
    this.ada = parts.ada;
    this.bob = parts.bob;
    this.transportId = parts.transportId;
    this.publicationId = publicationIdOf(parts.ada.peerId, 'mic');
    this.consumerId = parts.consumerId;
    this.#media = [parts.sender, parts.receiver];
    this.#receiver = parts.receiver;
    this.#stopSending = parts.sender.sendEach('0', (n) => opusPacket(BYSTANDER_SSRC, n));
  }

  static async call(url: string): Promise<Bystanders> {
    const ada = await SignalingClient.join(url, BYSTANDER_ROOM, 'Ada');
    const bob = await SignalingClient.connect(url);
    const { rtpCapabilities } = await bob.join(BYSTANDER_ROOM, 'Bob');
    const rtpParameters = opusParameters(BYSTANDER_SSRC);
    const send = await ada.request('createTransport', { direction: 'send' });
    const sender = await RtcPeer.create(send, [{ kind: 'audio', direction: 'send', rtpParameters }]);
    const { transportId } = send;
    await ada.request('connectTransport', { transportId, dtlsParameters: sender.dtlsParameters });
    await ada.request('publish', { transportId, source: 'mic', muted: false, rtpParameters });

    const receive = await bob.request('createTransport', { direction: 'recv', rtpCapabilities });
    const publicationIds = [publicationIdOf(ada.peerId, 'mic')];
    const { consumers } = await bob.request('subscribe', {
      transportId: receive.transportId,
      publicationIds,
    });
    const consumer = consumers[0]!;
    const receiver = await RtcPeer.create(receive, [
      { kind: 'audio', direction: 'recv', rtpParameters: consumer.rtpParameters },
    ]);
    const { dtlsParameters } = receiver;
    await bob.request('connectTransport', { transportId: receive.transportId, dtlsParameters });
    await Promise.all([sender.connected(), receiver.connected()]);
    await bob.request('setConsumersPaused', { consumerIds: [consumer.consumerId], paused: false });
    return new Bystanders({ ada, bob, transportId, consumerId: consumer.consumerId, sender, receiver });
  }

  /** Sound goes on, and the server answers; gives the time that took. */
  async check(): Promise<number> {
    const startedAt = performance.now();
    await this.bob.request('ping', {});
    const tookMs = performance.now() - startedAt;
    await this.#receiver.nextPacket();
    return tookMs;
  }

  async hangUp(): Promise<void> {
    this.#stopSending();
    for (const media of this.#media) media.close();
    await Promise.all([this.ada.close(), this.bob.close()]);
  }
}

/** Sends frames, and comes back when it is thrown out. */
class Attacker {
  readonly refusals = new Map<string, number>();
  readonly closes = new Map<number, number>();
  readonly #url: string;
  readonly #ids: Map<Placeholder, string>;
  #client: SignalingClient | undefined;
  #accomplice: SignalingClient | undefined;

  constructor(url: string, bystanders: Bystanders) {
    this.#url = url;
    this.#ids = new Map<Placeholder, string>([
      ['@foreignPeer', bystanders.ada.peerId],
      ['@foreignTransport', bystanders.transportId],
      ['@foreignPublication', bystanders.publicationId],
      ['@foreignConsumer', bystanders.consumerId],
    ]);
  }

  async send(batch: readonly Attack[]): Promise<void> {
    const client = await this.#seated();
    client.strayReplies.length = 0;
    for (const { text } of batch) client.socket.send(this.#fill(text));
    // The answer to a last, sound request comes after all that cannot wait; or the socket is closed.
    const closed = await Promise.race([
      client.closed,
      client.request('ping', {}).then(
        () => undefined,
        () => client.closed,
      ),
    ]);
    if (closed) this.closes.set(closed.code, (this.closes.get(closed.code) ?? 0) + 1);
    else await this.#settled(client, batch);
    for (const { code = 'ok', details } of client.strayReplies) {
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      if (code === 'invalid-request') expect(details, 'the path of a refusal').toHaveProperty('path');
      if (code === 'internal') throw new Error(`an internal error: ${JSON.stringify(batch)}`);
    }
  }

  async leave(): Promise<void> {
    await Promise.all([this.#client?.close(), this.#accomplice?.close()]);
  }

  /** Every request with an id of its own is answered, whatever it says. */
  async #settled(client: SignalingClient, batch: readonly Attack[]): Promise<void> {
    const ids = batch.flatMap(({ id }) => (id === undefined ? [] : [id]));
    await client.until('every request is answered', () => {
      const answered = new Set(client.strayReplies.map(({ id }) => id));
      return client.socket.readyState !== client.socket.OPEN || ids.every((id) => answered.has(id));
    });
  }

  async #seated(): Promise<SignalingClient> {
    if (this.#accomplice?.socket.readyState !== WebSocket.OPEN) {
      this.#accomplice = await SignalingClient.join(this.#url, 'attack', 'Accomplice');
      this.#ids.set('@accomplicePublication', await this.#publish(this.#accomplice));
    }
    const before = this.#client;
    if (before?.socket.readyState === WebSocket.OPEN) {
      // An attack may have left the room, or joined another one.
      await before.request('leave', {});
      await before.join('attack', 'Attacker').catch(() => before.close());
      if (before.socket.readyState === WebSocket.OPEN) {
        await this.#equip(before);
        return before;
      }
    }
    this.#client = await SignalingClient.join(this.#url, 'attack', 'Attacker');
    await this.#equip(this.#client);
    return this.#client;
  }

  async #equip(client: SignalingClient): Promise<void> {
    const { rtpCapabilities } = await client.join('attack', 'Attacker');
    const receive = await client.request('createTransport', { direction: 'recv', rtpCapabilities });
    this.#ids.set('@ownPeer', client.peerId);
    this.#ids.set('@ownRecvTransport', receive.transportId);
    this.#ids.set(
      '@ownPublication',
      await this.#publish(client, (id) => this.#ids.set('@ownSendTransport', id)),
    );
    // An attack may join other rooms behind the back of this client: it must not fold their events.
    client.room = undefined;
  }

  async #publish(client: SignalingClient, onTransport?: (id: string) => void): Promise<string> {
    const { transportId } = await client.request('createTransport', { direction: 'send' });
    onTransport?.(transportId);
    const rtpParameters = opusParameters(7_000_000, 'own');
    const published = { transportId, source: 'mic', muted: false, rtpParameters } as const;
    return (await client.request('publish', published)).publicationId;
  }

  #fill(text: string): string {
    return placeholders.reduce((filled, name) => filled.replaceAll(name, this.#ids.get(name) ?? name), text);
  }
}

describe('hostile input', () => {
  test(`[HOSTILE1] ${FRAMES} frames of seed ${SEED}: nobody else notices, and no worker dies`, async () => {
    const bystanders = await Bystanders.call(server.url);
    const versionBefore = (await bystanders.bob.request('ping', {})).room?.version;
    const [workerBefore] = await server.running.media.inspect();
    const attacker = new Attacker(server.url, bystanders);

    const frames = fc.sample(attacks, { seed: SEED, numRuns: FRAMES });
    let slowestMs = 0;
    for (let start = 0; start < frames.length; start += BATCH) {
      await attacker.send(frames.slice(start, start + BATCH));
      slowestMs = Math.max(slowestMs, await bystanders.check());
    }

    // The fuzz itself is worth something only when it reaches everything.
    expect(attacker.refusals.get('invalid-request')).toBeGreaterThan(FRAMES / 10);
    expect(attacker.refusals.get('not-found')).toBeGreaterThan(0);
    expect(attacker.refusals.get('ok')).toBeGreaterThan(FRAMES / 50);
    expect([...attacker.closes.keys()].filter((code) => ![4400, 1001, 1000].includes(code))).toEqual([]);

    expect(slowestMs).toBeLessThan(3_000);
    expect((await bystanders.bob.request('ping', {})).room?.version).toBe(versionBefore);
    expect(bystanders.bob.heard('consumersClosed')).toEqual([]);
    expect(bystanders.bob.heard('mediaMoved')).toEqual([]);
    const [workerAfter] = await server.running.media.inspect();
    expect(workerAfter?.pid).toBe(workerBefore?.pid);
    expect(server.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);

    await attacker.leave();
    await bystanders.hangUp();
  }, 300_000);
});
