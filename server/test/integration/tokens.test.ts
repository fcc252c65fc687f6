/**
 * Who is let in and what they may do: tokens of integrators, grants, hosts and those whom they remove.
 */
import { getEntity, listEntities, publicationIdOf } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';
import { mintToken, testKey } from '../support/tokens.ts';

let server: TestServer;
let guestServer: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret},other:${'o'.repeat(32)}` },
  });
  guestServer = await startTestServer();
});
afterAll(() => Promise.all([server.stop(), guestServer.stop()]));

async function member(sub: string, roomId: string, claims: Record<string, unknown> = {}) {
  const token = await mintToken({ sub, ...claims });
  return SignalingClient.join(server.url, roomId, sub, { token });
}

async function publishMic(client: SignalingClient): Promise<string> {
  const { transportId } = await client.request('createTransport', { direction: 'send' });
  const rtpParameters = opusParameters(1234);
  const { publicationId } = await client.request('publish', {
    transportId,
    source: 'mic',
    muted: false,
    rtpParameters,
  });
  return publicationId;
}

describe('tokens', () => {
  test('[TOKEN1] name, room, role and grants come from the token, whatever the client says', async () => {
    const token = await mintToken({
      sub: 'u1',
      name: 'Ada Lovelace',
      room: 'lab',
      role: 'host',
      grants: { publish: ['mic'] },
    });
    const client = await SignalingClient.connect(server.url, { token });
    expect(client.hello).toMatchObject({
      userId: 'u1',
      displayName: 'Ada Lovelace',
      roomId: 'lab',
      role: 'host',
      guest: false,
      grants: { publish: ['mic'], subscribe: true, chat: true, moderate: true },
    });
    await client.join('lab', 'Somebody else');
    expect(getEntity(client.room!, 'peer', client.peerId)).toMatchObject({
      displayName: 'Ada Lovelace',
      role: 'host',
      userId: 'u1',
    });
    await client.request('leave', {});
    await expect(client.join('elsewhere', 'Ada')).rejects.toMatchObject({ code: 'forbidden' });
    await client.close();
  });

  test('[TOKEN2] without a token nobody gets in where guests are off', async () => {
    const client = await SignalingClient.open(server.url);
    await expect(client.request('hello', { protocolVersion: 1 })).rejects.toMatchObject({
      code: 'unauthenticated',
      details: { cause: 'missing' },
    });
    expect((await client.closed).code).toBe(4401);
  });

  test('[TOKEN3] a token that does not hold is refused with its cause', async () => {
    const token = await mintToken({ sub: 'u1' }, { expiresInS: -60 });
    await expect(SignalingClient.connect(server.url, { token })).rejects.toMatchObject({
      code: 'unauthenticated',
      details: { cause: 'expired' },
    });
  });

  test('[TOKEN3] a token without a sensible end is refused: its session could not be resumed', async () => {
    const token = await mintToken({ sub: 'u1', exp: 1e308 }, { expiresInS: 0 });
    await expect(SignalingClient.connect(server.url, { token })).rejects.toMatchObject({
      code: 'unauthenticated',
      details: { cause: 'bad-claim' },
    });
  });

  test('[TENANT1] two tenants never meet, even in rooms of one name', async () => {
    const ada = await member('u1', 'same-name');
    const token = await mintToken({ sub: 'u1' }, { key: 'other', secret: 'o'.repeat(32) });
    const eve = await SignalingClient.join(server.url, 'same-name', 'Eve', { token });
    expect(listEntities(eve.room!, 'peer').map(([id]) => id)).toEqual([eve.peerId]);
    expect(eve.room!.epoch).not.toBe(ada.room!.epoch);
    await Promise.all([ada.close(), eve.close()]);
  });

  test('[RESUME9] a session goes on when its token has expired meanwhile, and not for somebody else', async () => {
    const token = await mintToken({ sub: 'long' }, { expiresInS: 1 });
    const expired = await mintToken({ sub: 'long' }, { expiresInS: -60 });
    const first = await SignalingClient.connect(server.url, { token });
    const { resumeToken, sessionId } = first.hello!;
    await first.cut();
    const second = await SignalingClient.connect(server.url, { token: expired, resumeToken });
    expect(second.hello).toMatchObject({ sessionId, resumed: true, userId: 'long' });
    const another = await mintToken({ sub: 'somebody-else' });
    const third = await SignalingClient.connect(server.url, { token: another, resumeToken });
    expect(third.hello).toMatchObject({ resumed: false, userId: 'somebody-else' });
    expect(third.hello!.sessionId).not.toBe(sessionId);
    await Promise.all([second.close(), third.close()]);
  });
});

describe('grants', () => {
  test('[GRANT1] what is not granted is forbidden', async () => {
    const speaker = await member('speaker', 'grants', { grants: { publish: ['mic'] } });
    const id = await publishMic(speaker);
    const { transportId } = await speaker.request('createTransport', { direction: 'send' });
    const rtpParameters = opusParameters(5);
    await expect(
      speaker.request('publish', { transportId, source: 'screenAudio', muted: false, rtpParameters }),
    ).rejects.toMatchObject({ code: 'forbidden' });

    const deaf = await member('deaf', 'grants', { grants: { subscribe: false, chat: false } });
    const { rtpCapabilities, chat } = await deaf.join('grants', 'Deaf');
    expect(chat).toBeUndefined();
    await expect(
      deaf.request('createTransport', { direction: 'recv', rtpCapabilities }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(deaf.request('subscribe', { transportId: 't', publicationIds: [id] })).rejects.toMatchObject(
      { code: 'forbidden' },
    );
    const messageId = '01890a5d-ac96-774b-bcce-b302099a8057';
    await expect(deaf.request('chatSend', { messageId, text: 'no' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(deaf.request('chatHistory', {})).rejects.toMatchObject({ code: 'forbidden' });
    await speaker.request('chatSend', { messageId, text: 'not for all' });
    await speaker.until('the message', () => speaker.heard('chatMessage')[0]);
    expect((await deaf.request('ping', {})).chat).toBeUndefined();
    expect(deaf.heard('chatMessage')).toEqual([]);
    await Promise.all([speaker.close(), deaf.close()]);
  });

  test('[GRANT2] a viewer watches and writes, but does not publish', async () => {
    const viewer = await member('viewer', 'viewers', { role: 'viewer' });
    expect(viewer.hello!.grants.publish).toEqual([]);
    await expect(viewer.request('createTransport', { direction: 'send' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await viewer.request('chatSend', { messageId: '01890a5d-ac96-774b-bcce-b302099a8058', text: 'hi' });
    await viewer.close();
  });
});

describe('moderation', () => {
  test('[MOD1] a host mutes and stops; who is no host may not', async () => {
    const host = await member('host', 'moderated', { role: 'host' });
    const speaker = await member('speaker', 'moderated');
    const id = await publishMic(speaker);
    for (const name of ['moderatorMute', 'moderatorStop'] as const) {
      await expect(speaker.request(name, { peerId: host.peerId, source: 'mic' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    await expect(speaker.request('removePeer', { peerId: host.peerId })).rejects.toMatchObject({
      code: 'forbidden',
    });

    await host.request('moderatorMute', { peerId: speaker.peerId, source: 'mic' });
    await speaker.until('the mute', () => getEntity(speaker.room!, 'publication', id)?.muted);
    await speaker.request('setMuted', { source: 'mic', muted: false });
    await host.request('moderatorStop', { peerId: speaker.peerId, source: 'mic' });
    await speaker.until('the end', () => !getEntity(speaker.room!, 'publication', id));
    await expect(
      host.request('moderatorStop', { peerId: speaker.peerId, source: 'mic' }),
    ).rejects.toMatchObject({ code: 'not-found' });
    await Promise.all([host.close(), speaker.close()]);
  });

  test('[MOD2] who is removed is told, and stays out with the token, with another token and with the resume token', async () => {
    const host = await member('host', 'removal', { role: 'host' });
    const speaker = await member('troll', 'removal');
    await publishMic(speaker);
    await host.request('removePeer', { peerId: speaker.peerId });
    expect((await speaker.closed).code).toBe(4403);
    expect(speaker.heard('removed')).toEqual([{ roomId: 'removal' }]);
    await host.until('the seat is gone', () => listEntities(host.room!, 'peer').length === 1);
    expect(listEntities(host.room!, 'publication')).toEqual([]);

    const attempts = [
      { token: await mintToken({ sub: 'troll' }) },
      { token: await mintToken({ sub: 'troll', name: 'Another name' }) },
      { resumeToken: speaker.hello!.resumeToken },
    ];
    for (const credentials of attempts) {
      const again = await SignalingClient.connect(server.url, credentials);
      await expect(again.join('removal', 'Troll')).rejects.toMatchObject({
        code: 'forbidden',
        details: { reason: 'removed' },
      });
      // Other rooms are open to them.
      await again.join('another-room', 'Troll');
      await again.close();
    }
    await host.close();
  });

  test('[MOD2] every seat of the identity goes, each is told, and a removal with a short token does not open the room', async () => {
    const host = await member('host', 'twice', { role: 'host' });
    const first = await member('twin', 'twice');
    const short = await mintToken({ sub: 'twin' }, { expiresInS: -3 });
    const second = await SignalingClient.join(server.url, 'twice', 'twin', { token: short });
    await publishMic(second);
    await host.request('removePeer', { peerId: second.peerId });
    for (const seat of [first, second]) {
      expect((await seat.closed).code).toBe(4403);
      expect(seat.heard('removed')).toEqual([{ roomId: 'twice' }]);
    }
    await host.until('both are gone', () => listEntities(host.room!, 'peer').length === 1);
    expect(listEntities(host.room!, 'publication')).toEqual([]);
    // The short token is accepted for two more seconds, five being tolerated: afterwards the longer one still bars.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await expect(member('twin', 'twice')).rejects.toMatchObject({ code: 'forbidden' });
    await host.close();
  });

  test('[MOD3] a session stays out even when its token, and with it the bar on the identity, has expired', async () => {
    const host = await member('host', 'expiry', { role: 'host' });
    // Accepted for two more seconds: five are tolerated.
    const token = await mintToken({ sub: 'short' }, { expiresInS: -3 });
    const short = await SignalingClient.join(server.url, 'expiry', 'Short', { token });
    await host.request('removePeer', { peerId: short.peerId });
    await short.closed;
    const fresh = await SignalingClient.connect(server.url, { token: await mintToken({ sub: 'short' }) });
    await expect
      .poll(
        () =>
          fresh.join('expiry', 'Short').then(
            () => 'in',
            (error) => error.code,
          ),
        { timeout: 10_000 },
      )
      .toBe('in');
    const resumed = await SignalingClient.connect(server.url, { resumeToken: short.hello!.resumeToken });
    await expect(resumed.join('expiry', 'Short')).rejects.toMatchObject({ code: 'forbidden' });
    await Promise.all([host.close(), fresh.close(), resumed.close()]);
  });

  test('[MOD4] among guests the first one hosts, the next takes over, and a removed guest stays out of that call', async () => {
    const { url } = guestServer;
    const ada = await SignalingClient.join(url, 'guests', 'Ada');
    const bob = await SignalingClient.join(url, 'guests', 'Bob');
    const eve = await SignalingClient.join(url, 'guests', 'Eve');
    const hostOf = (client: SignalingClient) => getEntity(client.room!, 'room', 'room')?.hostPeerId;
    expect(hostOf(bob)).toBe(ada.peerId);
    await ada.request('leave', {});
    await ada.close();
    await bob.until('Bob hosts', () => hostOf(bob) === bob.peerId);
    await bob.request('removePeer', { peerId: eve.peerId });
    expect((await eve.closed).code).toBe(4403);
    const again = await SignalingClient.connect(url, { resumeToken: eve.hello!.resumeToken });
    await expect(again.join('guests', 'Eve')).rejects.toMatchObject({ code: 'forbidden' });
    await Promise.all([bob.close(), again.close()]);
  });

  test('[MOD5] nobody outside the room can be named', async () => {
    const host = await member('host', 'here', { role: 'host' });
    const other = await member('other', 'there');
    const id = await publishMic(other);
    const foreign = await host.request('removePeer', { peerId: other.peerId }).catch((error) => error);
    const nobody = await host.request('removePeer', { peerId: 'nobody' }).catch((error) => error);
    expect(foreign).toMatchObject({ code: 'not-found' });
    expect(foreign.message).toBe(nobody.message);
    await expect(
      host.request('moderatorStop', { peerId: other.peerId, source: 'mic' }),
    ).rejects.toMatchObject({ code: 'not-found' });
    expect(id).toBe(publicationIdOf(other.peerId, 'mic'));
    await Promise.all([host.close(), other.close()]);
  });
});

describe('the end of a call', () => {
  test('[CALL1] guests find a new call once the room stayed empty: no chat, no bars, another epoch', async () => {
    const hasty = await startTestServer({ settings: { PARLEY_ROOM_EMPTY_TIMEOUT_MS: '100' } });
    try {
      const ada = await SignalingClient.join(hasty.url, 'empty', 'Ada');
      const eve = await SignalingClient.join(hasty.url, 'empty', 'Eve');
      const callId = getEntity(ada.room!, 'room', 'room')?.callId;
      await ada.request('chatSend', { messageId: '01890a5d-ac96-774b-bcce-b302099a8057', text: 'old' });
      await ada.request('removePeer', { peerId: eve.peerId });
      await eve.closed;
      await ada.close();
      const again = await SignalingClient.connect(hasty.url, { resumeToken: eve.hello!.resumeToken });
      await expect
        .poll(
          () =>
            again.join('empty', 'Eve').then(
              () => 'in',
              (error) => error.code,
            ),
          { timeout: 10_000 },
        )
        .toBe('in');
      expect(again.room!.epoch).not.toBe(ada.room!.epoch);
      expect(getEntity(again.room!, 'room', 'room')?.callId).not.toBe(callId);
      expect((await again.request('chatHistory', {})).messages).toEqual([]);
      await again.close();
    } finally {
      await hasty.stop();
    }
  });
});
