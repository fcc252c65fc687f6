/**
 * Owns the verdict on a chat, from the logs of everybody who wrote or read: nothing lost, nothing twice, nothing out of order.
 * Pure, and knows nothing of the server: the logs are compared with each other.
 */
import type { ChatLog } from '../process/messages.ts';

/** What the logs of one conversation, or of several, say together. */
export interface ChatVerdict {
  readonly sent: number;
  /** Acknowledged: from here on the server answers for them. */
  readonly stored: number;
  /** Stored messages times the readers who were there. */
  readonly expected: number;
  readonly delivered: number;
  readonly lost: number;
  /** Pushed twice to one reader, or stored at two positions. */
  readonly duplicated: number;
  /** Pushed behind a later one, or stored in another order than their sender wrote them. */
  readonly disordered: number;
  /** Positions at which logs have different messages, or nobody has any. */
  readonly contradicted: number;
  readonly altered: number;
  /** Delivered, but only by the history. */
  readonly repaired: number;
  /** From writing to the acknowledgement. */
  readonly ackMs: readonly number[];
  /** From writing to a pushed delivery. */
  readonly deliveryMs: readonly number[];
  /** The first faults in words. */
  readonly faults: readonly string[];
}

const MAX_FAULTS = 20;

/** Compares all logs; conversations do not mix. */
export function compareChatLogs(logs: readonly ChatLog[]): ChatVerdict {
  const conversations = Map.groupBy(logs, (log) => log.conversationId);
  return sumVerdicts([...conversations.values()].map(compareConversation));
}

/** Adds verdicts up. */
export function sumVerdicts(verdicts: readonly ChatVerdict[]): ChatVerdict {
  const sum = (count: (verdict: ChatVerdict) => number) =>
    verdicts.reduce((total, verdict) => total + count(verdict), 0);
  return {
    sent: sum(({ sent }) => sent),
    stored: sum(({ stored }) => stored),
    expected: sum(({ expected }) => expected),
    delivered: sum(({ delivered }) => delivered),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    disordered: sum(({ disordered }) => disordered),
    contradicted: sum(({ contradicted }) => contradicted),
    altered: sum(({ altered }) => altered),
    repaired: sum(({ repaired }) => repaired),
    ackMs: verdicts.flatMap(({ ackMs }) => ackMs),
    deliveryMs: verdicts.flatMap(({ deliveryMs }) => deliveryMs),
    faults: verdicts.flatMap(({ faults }) => faults).slice(0, MAX_FAULTS),
  };
}

function compareConversation(logs: readonly ChatLog[]): ChatVerdict {
  const faults: string[] = [];
  const fault = (text: string) => {
    if (faults.length < MAX_FAULTS) faults.push(text);
  };
  const { messageAt, contradicted, duplicated } = positions(logs, fault);
  const sentAtMs = new Map(logs.flatMap(({ sent }) => sent.map((one) => [one.messageId, one.sentAtMs])));
  const sums = { expected: 0, delivered: 0, lost: 0, altered: 0, repaired: 0, duplicated, disordered: 0 };
  const deliveryMs: number[] = [];

  for (const { botId, joinedAtSeq, received, sent } of logs) {
    const pushed = new Set<number>();
    const seen = new Set<number>();
    let highest = Number.NEGATIVE_INFINITY;
    for (const { seq, messageId, atMs, live, intact } of received) {
      seen.add(seq);
      if (!intact) {
        sums.altered += 1;
        fault(`${botId} got message ${seq} with another text`);
      }
      if (!live) continue;
      if (pushed.has(seq)) {
        sums.duplicated += 1;
        fault(`${botId} got message ${seq} twice`);
        continue;
      }
      pushed.add(seq);
      if (seq < highest) {
        sums.disordered += 1;
        fault(`${botId} got message ${seq} after ${highest}`);
      }
      highest = Math.max(highest, seq);
      const writtenAtMs = sentAtMs.get(messageId);
      if (writtenAtMs !== undefined) deliveryMs.push(atMs - writtenAtMs);
    }
    for (const seq of messageAt.keys()) {
      if (seq <= joinedAtSeq) continue;
      sums.expected += 1;
      if (!seen.has(seq)) {
        sums.lost += 1;
        fault(`${botId} never got message ${seq}`);
        continue;
      }
      sums.delivered += 1;
      if (!pushed.has(seq)) sums.repaired += 1;
    }
    for (const [earlier, later] of storedInOrder(sent)) {
      sums.disordered += 1;
      fault(`${botId} wrote a message before another, and they are stored as ${earlier} and ${later}`);
    }
  }
  const allSent = logs.flatMap(({ sent }) => sent);
  const ackMs = allSent.flatMap(({ sentAtMs: atMs, stored }) => (stored ? [stored.atMs - atMs] : []));
  return { ...sums, sent: allSent.length, stored: ackMs.length, contradicted, ackMs, deliveryMs, faults };
}

/** Which message is where, as all logs together say. */
function positions(logs: readonly ChatLog[], fault: (text: string) => void) {
  const messageAt = new Map<number, string>();
  const positionsOf = new Map<string, Set<number>>();
  const contradictory = new Set<number>();
  const see = (seq: number, messageId: string) => {
    const known = messageAt.get(seq);
    if (known === undefined) messageAt.set(seq, messageId);
    else if (known !== messageId) contradictory.add(seq);
    const own = positionsOf.get(messageId);
    if (own) own.add(seq);
    else positionsOf.set(messageId, new Set([seq]));
  };
  for (const { sent, received } of logs) {
    for (const { messageId, stored } of sent) if (stored) see(stored.seq, messageId);
    for (const { seq, messageId } of received) see(seq, messageId);
  }
  for (const seq of contradictory) fault(`logs disagree about message ${seq}`);
  // Positions have no gaps: what nobody has was lost before anybody could read it.
  const first = Math.min(...logs.map(({ joinedAtSeq }) => joinedAtSeq)) + 1;
  let gaps = 0;
  for (let seq = first; seq <= maxOf(messageAt.keys()); seq += 1) {
    if (messageAt.has(seq)) continue;
    gaps += 1;
    fault(`nobody has a message ${seq}`);
  }
  let duplicated = 0;
  for (const [messageId, seqs] of positionsOf) {
    if (seqs.size === 1) continue;
    duplicated += seqs.size - 1;
    fault(`message ${messageId} is stored as ${[...seqs].join(' and ')}`);
  }
  return { messageAt, duplicated, contradicted: contradictory.size + gaps };
}

/** Neighbours among one sender's stored messages that are the wrong way round. */
function storedInOrder(sent: ChatLog['sent']): [number, number][] {
  const seqs = sent.flatMap(({ stored }) => (stored ? [stored.seq] : []));
  return seqs.flatMap((seq, index): [number, number][] => {
    const before = seqs[index - 1];
    return before !== undefined && before > seq ? [[before, seq]] : [];
  });
}

function maxOf(numbers: Iterable<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const number of numbers) max = Math.max(max, number);
  return max;
}
