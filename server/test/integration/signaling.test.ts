/**
 * Two people on real sockets with a real worker behind: joining, events, media requests, chat, leaving.
 */
import { entityVersion, getEntity, listEntities, publicationIdOf } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const peersOf = (client: SignalingClient): string[] =>
  client.room ? listEntities(client.room, 'peer').map(([id]) => id) : [];

/** Two people in a room of their own. */
async function pair(roomId: string): Promise<[SignalingClient, SignalingClient]> {
  const ada = await SignalingClient.join(server.url, roomId, 'Ada');
  const bob = await SignalingClient.join(server.url, roomId, 'Bob');
  await ada.until('Ada sees Bob', () => peersOf(ada).length === 2);
  return [ada, bob];
}

describe('a call of two', () => {
  test('[JOIN1] both see each other, in the order of joining, and nothing that is not theirs to see', async () => {
    const [ada, bob] = await pair('two');
    expect(peersOf(ada)).toEqual([ada.peerId, bob.peerId]);
    expect(peersOf(bob)).toEqual([ada.peerId, bob.peerId]);
    expect([...bob.room!.tables.keys()].sort()).toEqual(['peer', 'room']);
    expect(ada.roomEvents.flatMap((event) => event.patches.map((patch) => patch.entity))).toEqual(['peer']);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('[LEAVE1] closing the page ends the seat at once, leaving does too, and the socket goes on', async () => {
    const [ada, bob] = await pair('leaving');
    await bob.close(1001);
    await ada.until('Bob is gone', () => peersOf(ada).length === 1);
    const carl = await SignalingClient.join(server.url, 'leaving', 'Carl');
    await carl.request('leave', {});
    await ada.until('Carl is gone', () => peersOf(ada).length === 1 && ada.roomEvents.length >= 4);
    await expect(carl.request('unpublish', { source: 'mic' })).rejects.toMatchObject({
      code: 'invalid-state',
    });
    const again = await carl.join('leaving', 'Carl');
    expect(again.peerId).toBe(carl.peerId);
    await Promise.all([ada.close(), carl.close()]);
  });

  test('[MEDIA1] a publication is announced, subscribed, muted, replaced by the next generation, and ended', async () => {
    const [ada, bob] = await pair('media');
    const { rtpCapabilities } = await bob.join('media', 'Bob', bob.room);
    const send = await ada.request('createTransport', { direction: 'send' });
    const receive = await bob.request('createTransport', { direction: 'recv', rtpCapabilities });
    const microphone = { transportId: send.transportId, source: 'mic', muted: false } as const;

    const published = await ada.request('publish', { ...microphone, rtpParameters: opusParameters(1111) });
    const id = publicationIdOf(ada.peerId, 'mic');
    expect(published.publicationId).toBe(id);
    await bob.until('Bob sees the microphone', () => getEntity(bob.room!, 'publication', id));

    const wanted = { transportId: receive.transportId, publicationIds: [id, `${ada.peerId}.camera`] };
    const { consumers, refused } = await bob.request('subscribe', wanted);
    expect(consumers).toMatchObject([
      {
        publicationId: id,
        peerId: ada.peerId,
        source: 'mic',
        kind: 'audio',
        generation: published.generation,
      },
    ]);
    expect(refused).toEqual([{ publicationId: `${ada.peerId}.camera`, code: 'not-found' }]);
    const consumerIds = consumers.map(({ consumerId }) => consumerId);
    await bob.request('setConsumersPaused', { consumerIds, paused: false });

    await ada.request('setMuted', { source: 'mic', muted: true });
    await bob.until('Bob sees the mute', () => getEntity(bob.room!, 'publication', id)?.muted);

    const again = await ada.request('publish', { ...microphone, rtpParameters: opusParameters(2222, '1') });
    expect(again.generation).toBeGreaterThan(published.generation);
    await bob.until('the old consumer ends', () =>
      bob.heard('consumersClosed').some((heard) => heard.consumerIds.includes(consumerIds[0]!)),
    );

    await ada.request('unpublish', { source: 'mic' });
    await bob.until('the publication ends', () => entityVersion(bob.room!, 'publication', id) === 0);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('[MEDIA2] what others own cannot be named: transports, consumers, publications of other rooms', async () => {
    const [ada, bob] = await pair('owned');
    const stranger = await SignalingClient.join(server.url, 'elsewhere', 'Eve');
    const send = await ada.request('createTransport', { direction: 'send' });
    await ada.request('publish', {
      transportId: send.transportId,
      source: 'mic',
      muted: false,
      rtpParameters: opusParameters(3333),
    });
    const nowhere = await stranger.request('restartIce', { transportId: 'nowhere' }).catch((error) => error);
    const foreign = await stranger
      .request('restartIce', { transportId: send.transportId })
      .catch((error) => error);
    expect(foreign).toMatchObject({ code: 'not-found' });
    expect(foreign.message).toBe(nowhere.message);
    const { rtpCapabilities } = await stranger.join('elsewhere', 'Eve');
    const { transportId } = await stranger.request('createTransport', { direction: 'recv', rtpCapabilities });
    const publicationIds = [publicationIdOf(ada.peerId, 'mic')];
    expect(await stranger.request('subscribe', { transportId, publicationIds })).toEqual({
      consumers: [],
      refused: [{ publicationId: publicationIds[0], code: 'not-found' }],
    });
    await Promise.all([ada.close(), bob.close(), stranger.close()]);
  });

  test('[CHAT1] a message reaches both, in order, and a late joiner finds it', async () => {
    const [ada, bob] = await pair('chat');
    const messageId = '01890a5d-ac96-774b-bcce-b302099a8057';
    const stored = await ada.request('chatSend', { messageId, text: 'Hello\nyou' });
    expect(await ada.request('chatSend', { messageId, text: 'Hello\nyou' })).toEqual(stored);
    const heard = await bob.until('Bob gets the message', () => bob.heard('chatMessage')[0]);
    expect(heard.message).toMatchObject({
      text: 'Hello\nyou',
      senderName: 'Ada',
      seq: stored.seq,
      messageId,
    });
    expect(heard.message.senderId).toBe(ada.hello!.userId);
    const late = await SignalingClient.connect(server.url);
    const { chat } = await late.join('chat', 'Late');
    expect(chat?.lastSeq).toBe(stored.seq);
    const page = await late.request('chatHistory', {});
    expect(page.messages.map((message) => message.text)).toEqual(['Hello\nyou']);
    expect((await bob.request('ping', {})).chat?.lastSeq).toBe(stored.seq);
    expect(bob.heard('chatMessage')).toHaveLength(1);
    await Promise.all([ada.close(), bob.close(), late.close()]);
  });

  test('[CHAT2] what was written right before the page was closed is stored, and join and history may go out at once', async () => {
    const ada = await SignalingClient.connect(server.url);
    const [, history] = await Promise.all([ada.join('last-words', 'Ada'), ada.request('chatHistory', {})]);
    expect(history.messages).toEqual([]);
    for (let index = 0; index < 5; index += 1) {
      const data = { messageId: `01890a5d-ac96-774b-bcce-b302099a806${index}`, text: `word ${index}` };
      ada.socket.send(JSON.stringify({ id: `w${index}`, name: 'chatSend', data }));
    }
    await ada.close(1001);
    const bob = await SignalingClient.join(server.url, 'last-words', 'Bob');
    const stored = async () => (await bob.request('chatHistory', {})).messages.map(({ text }) => text);
    await expect.poll(stored).toEqual(['word 0', 'word 1', 'word 2', 'word 3', 'word 4']);
    await bob.close();
  });

  test('[CHAT3] text with half a surrogate pair is the same live and in the history', async () => {
    const [ada, bob] = await pair('surrogates');
    await ada.request('chatSend', { messageId: '01890a5d-ac96-774b-bcce-b302099a8059', text: 'a\uD800b' });
    const { message } = await bob.until('the message', () => bob.heard('chatMessage')[0]);
    const { messages } = await bob.request('chatHistory', {});
    expect([message.text, messages[0]?.text]).toEqual(['a\uFFFDb', 'a\uFFFDb']);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('[ID2] nobody joins under a name of which nothing is to be seen', async () => {
    const ada = await SignalingClient.connect(server.url);
    await expect(ada.join('names', '\u200B')).rejects.toMatchObject({
      code: 'invalid-request',
      details: { path: 'data.displayName' },
    });
    await ada.close();
  });

  test('[PING1] the reply names the position in the room log', async () => {
    const [ada, bob] = await pair('ping');
    const { room, serverTimeMs } = await ada.request('ping', {});
    expect(room).toEqual({ epoch: ada.room!.epoch, version: ada.room!.version });
    expect(Math.abs(serverTimeMs - Date.now())).toBeLessThan(60_000);
    await Promise.all([ada.close(), bob.close()]);
  });
});
