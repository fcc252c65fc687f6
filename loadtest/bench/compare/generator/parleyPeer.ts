/**
 * Owns a peer of Parley: the load tool's bot, which is the public SDK. Does not own the bot (src/bot).
 */
import { kindOf } from '@parley/protocol';
import { Bot } from '../../../src/bot/index.ts';
import { PAGE } from '../cases.ts';
import type { Connect } from './Peer.ts';

/** Layer of the full picture. */
const TOP_LAYER = 2;

export const connectToParley: Connect = async (options) => {
  const { url, room, name, localAddress, publish, subscribe, talks, layout, media } = options;
  const startedMs = performance.now();
  const bot = await Bot.join({
    url,
    roomId: room,
    displayName: name,
    localAddress,
    publish,
    subscribe,
    ...(layout === 'page' && { view: PAGE }),
    speech: { seed: 1, pattern: talks ? 'continuous' : 'silent' },
    media,
  });
  return {
    // It follows the room by itself.
    subscribe: () => Promise.resolve(),
    tracks: () =>
      bot
        .tracks()
        // What the server never sent is no track that arrives.
        .filter(({ packets }) => packets > 0)
        .map(({ source, packets, bytes, lost, frames, spatialLayer }) => ({
          isAudio: kindOf(source) === 'audio',
          packets,
          bytes,
          lost,
          frames,
          isFull: source === 'camera' ? spatialLayer === TOP_LAYER : packets > 0,
        })),
    sentPackets: () => bot.sample().sentPackets,
    firstFrameMs: () => {
      const { firstFrameMs } = bot.phases;
      return firstFrameMs === undefined ? undefined : startedMs + firstFrameMs;
    },
    leave: () => bot.leave(),
  };
};
