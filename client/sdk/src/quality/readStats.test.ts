/**
 * Owns the tests of reading stats: Chromium's, and those of browsers that tell less.
 */
import { describe, expect, test } from 'vitest';
import {
  chromiumLayer,
  chromiumPath,
  chromiumPicture,
  firefoxEntries,
  statsReport,
} from '../testing/statsFixtures.ts';
import { readPath, readStreams } from './readStats.ts';

const named = () => 'ada.camera';

describe('the path', () => {
  test.each([
    ['udp', {}, {}],
    ['tcp', { protocol: 'tcp', candidateType: 'prflx' }, { protocol: 'tcp' }],
    ['relay', { candidateType: 'relay', relayProtocol: 'tls' }, {}],
    ['relay', { candidateType: 'prflx', relayProtocol: 'udp' }, {}],
    ['relay', {}, { candidateType: 'relay' }],
    [undefined, { protocol: undefined }, {}],
  ] as const)('is %s with the candidates %j and %j', (path, local, remote) => {
    expect(readPath(statsReport(...chromiumPath(local, remote))).path).toBe(path);
  });

  test('is the selected one, with its round trip and what congestion control believes', () => {
    expect(readPath(statsReport(...chromiumPath({})))).toEqual({
      path: 'udp',
      rttS: 0.05,
      availableOutgoingBps: 300_000,
      availableIncomingBps: undefined,
    });
  });

  test('is found without a transport entry, and what is not told stays unknown', () => {
    expect(readPath(statsReport(...firefoxEntries))).toMatchObject({ path: 'tcp', rttS: undefined });
    const unknown = { path: undefined, rttS: undefined };
    expect(readPath(undefined)).toMatchObject(unknown);
    expect(readPath(statsReport())).toMatchObject(unknown);
  });
});

describe('streams', () => {
  test('that are sent have what the other side reports of each, and what holds them back', () => {
    const [small, large] = readStreams(
      statsReport(...chromiumLayer('r0', 11), ...chromiumLayer('r1', 12, { active: false })),
      named,
    );
    expect(small).toMatchObject({
      direction: 'sent',
      kind: 'video',
      packets: 200,
      lost: 10,
      jitterS: 0.004,
      frames: 100,
      height: 360,
      scalabilityMode: 'L1T3',
      limitation: 'bandwidth',
      bandwidthLimitedS: 6,
      cpuLimitedS: 0,
    });
    expect(large?.limitation).toBeUndefined();
    expect(large?.key).not.toBe(small?.key);
  });

  test('that are received have loss, freezes and the layer', () => {
    const [picture] = readStreams(statsReport(chromiumPicture(21)), named);
    expect(picture).toMatchObject({
      packets: 950,
      lost: 50,
      freezes: 2,
      freezeS: 1.5,
      frames: 240,
      framesDropped: 6,
      height: 180,
    });
  });

  test('are asked for by what identifies them, and those of no publication are left out', () => {
    const asked: unknown[] = [];
    const streams = readStreams(
      statsReport(chromiumPicture(1234), ...chromiumLayer('r0', 11), {
        id: 'SV1',
        type: 'media-source',
        trackIdentifier: 'cam',
      }),
      (direction, identity) => {
        asked.push([direction, identity]);
        return undefined;
      },
    );
    expect(streams).toEqual([]);
    expect(asked).toEqual([
      ['received', { ssrc: 1234, mid: '0', trackId: 'track-1234' }],
      ['sent', { ssrc: 11, mid: '1', trackId: 'cam' }],
    ]);
  });

  test('of a browser that tells less have nothing made up', () => {
    const [picture] = readStreams(statsReport(...firefoxEntries), named);
    expect(picture).toMatchObject({ packets: 10, lost: 0, frames: 3 });
    for (const field of ['framesDropped', 'freezes', 'freezeS', 'jitterS', 'height', 'limitation'] as const) {
      expect(picture?.[field]).toBeUndefined();
    }
  });
});
