/**
 * Tests of what is worth telling between two looks at a call.
 */
import type { CallSnapshot, ChatEntry, Participant } from '@parley/client';
import { describe, expect, it } from 'vitest';
import { changesBetween } from './callChanges.ts';

const person = (peerId: string, more: Partial<Participant> = {}): Participant => ({
  peerId,
  userId: peerId,
  displayName: peerId,
  label: peerId,
  isLocal: false,
  isHost: false,
  role: 'speaker',
  connection: 'online',
  media: {},
  speaking: false,
  quality: 'unknown',
  trouble: undefined,
  ...more,
});
const message = (seq: number, more: Partial<ChatEntry> = {}): ChatEntry => ({
  messageId: `m${seq}`,
  senderId: 'ben',
  senderName: 'Ben',
  text: 'x',
  seq,
  sentAtMs: seq,
  state: 'sent',
  isLocal: false,
  ...more,
});
const call = (participants: Participant[], entries: ChatEntry[] = []): CallSnapshot => ({
  status: { phase: 'joined' },
  roomId: 'r',
  callStartedAtMs: 0,
  participants,
  viewerCount: 0,
  activeSpeakerId: undefined,
  trouble: undefined,
  chat: { entries, hasOlder: false, enabled: true },
  grants: { publish: [], subscribe: true, chat: true, moderate: false },
  local: {
    mic: { enabled: true, busy: false, problem: undefined },
    camera: { enabled: true, busy: false, problem: undefined },
    screen: 'off',
  },
  media: 'connected',
});
const sharing = { screen: { source: 'screen', muted: false, track: null } } as const;

describe('changesBetween', () => {
  it('tells who came, who went and who shares, but not of oneself', () => {
    const me = person('me', { isLocal: true });
    const before = call([person('ada'), person('ben')]);
    const after = call([me, person('ben', { media: sharing }), person('cem')]);
    expect(changesBetween(before, after)).toEqual({
      joined: ['cem'],
      left: ['ada'],
      shares: ['ben'],
      senders: [],
    });
  });

  it('tells of nothing when only a connection or a voice changed', () => {
    const before = call([person('ada')]);
    const after = call([person('ada', { connection: 'reconnecting', speaking: true })]);
    expect(changesBetween(before, after)).toEqual({ joined: [], left: [], shares: [], senders: [] });
  });

  it('tells of new messages of others only, and not of the history that a late joiner gets', () => {
    const known = [message(1), message(2)];
    expect(changesBetween(call([], known), call([], [...known, message(3)])).senders).toEqual(['Ben']);
    expect(
      changesBetween(call([], known), call([], [...known, message(3, { isLocal: true })])).senders,
    ).toEqual([]);
    expect(changesBetween(call([]), call([], known)).senders).toEqual([]);
    expect(changesBetween(call([]), call([], [message(1)])).senders).toEqual(['Ben']);
  });
});
