/**
 * Owns how two nodes prove to each other that they belong to the same cluster: a challenge each, answered by HMAC-SHA-256, over ids,
 * versions and clocks; and the keys that follow. Does not own sockets (dialNode, RpcServer) nor how ids are kept unique. Pure.
 */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { CallError, Id, WireError } from '@parley/protocol';
import * as z from 'zod/mini';
import { toWireError } from '../../toWireError.ts';
import { toCallErrorOf } from './frames.ts';
import type { SessionKeys } from './SealedFrames.ts';

/** Version of what a node speaks. */
export interface RpcVersion {
  readonly major: number;
  readonly minor: number;
}

/** A process of the cluster. */
export interface NodeIdentity {
  readonly nodeId: string;
  /** Drawn at each start: tells a node from the one that had its id before. */
  readonly incarnation: string;
}

/** What a node brings to a handshake. */
export interface HandshakeOptions {
  readonly identity: NodeIdentity;
  /** `PARLEY_CLUSTER_SECRET`. */
  readonly secret: string;
  readonly version: RpcVersion;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Who is on the other side, proved. */
export interface Handshake {
  readonly peer: NodeIdentity;
  readonly keys: SessionKeys;
}

/** Clocks may be this far apart: beyond it times in tokens, chat and deadlines would disagree. */
const MAX_CLOCK_DIFFERENCE_MS = 30_000;
const NONCE_BYTES = 32;

const Nonce = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
const Greeting = z.object({
  nodeId: Id,
  incarnation: Id,
  version: z.object({ major: z.int(), minor: z.int() }),
  timeMs: z.number(),
  nonce: Nonce,
});
type Greeting = z.infer<typeof Greeting>;
const Hello = z.extend(Greeting, {
  /** Whom the dialer means to reach. */
  target: Id,
});
/** The greeting as text, so that both sides compute over the same bytes. */
const Challenge = z.object({ greeting: z.string(), proof: Nonce });
const Proof = z.object({ proof: Nonce });
const Welcome = z.object({ welcome: z.literal(true) });
const Refusal = z.object({ refused: WireError });

/** The dialer's side. */
export function dial(
  options: HandshakeOptions,
  target: string,
): {
  readonly hello: string;
  /** Checks the challenge and gives what answers it. @throws CallError with the cause. */
  answer(challenge: string): Handshake & { readonly proof: string };
} {
  const hello = JSON.stringify({ ...greetingOf(options), target });
  return {
    hello,
    answer: (text) => {
      const { greeting: greetingText, proof } = read(Challenge, text);
      const greeting = read(Greeting, greetingText);
      const transcript = `${hello}\n${greetingText}`;
      // First, so that nothing that a stranger says is believed.
      checkProof(options, proof, 'acceptor', transcript, `the node at the address of ${target}`);
      checkGreeting(options, greeting);
      if (greeting.nodeId !== target) {
        throw new CallError('not-found', `at the address of node ${target} there is node ${greeting.nodeId}`);
      }
      const { nodeId, incarnation } = greeting;
      return {
        proof: JSON.stringify({ proof: proofOf(options, 'dialer', transcript) }),
        peer: { nodeId, incarnation },
        keys: { send: keyOf(options, 'dialer', transcript), receive: keyOf(options, 'acceptor', transcript) },
      };
    },
  };
}

/**
 * The acceptor's side, on a hello. One that was recorded earlier leads nowhere: the challenge has a nonce of its own.
 * @throws CallError with the cause.
 */
export function accept(
  options: HandshakeOptions,
  hello: string,
): {
  readonly challenge: string;
  /** @throws CallError `unauthenticated`. */
  verify(proof: string): Handshake;
} {
  const greeting = read(Hello, hello);
  checkGreeting(options, greeting);
  const { nodeId, incarnation, target } = greeting;
  if (nodeId === options.identity.nodeId) {
    throw new CallError('forbidden', `two nodes have the id ${nodeId}: give each its own PARLEY_NODE_ID`);
  }
  if (target !== options.identity.nodeId) {
    throw new CallError('not-found', `this is node ${options.identity.nodeId}, not ${target}`);
  }
  const own = JSON.stringify(greetingOf(options));
  const transcript = `${hello}\n${own}`;
  return {
    challenge: JSON.stringify({ greeting: own, proof: proofOf(options, 'acceptor', transcript) }),
    verify: (text) => {
      checkProof(
        options,
        read(Proof, text).proof,
        'dialer',
        transcript,
        `a node that calls itself ${nodeId}`,
      );
      return {
        peer: { nodeId, incarnation },
        keys: { send: keyOf(options, 'acceptor', transcript), receive: keyOf(options, 'dialer', transcript) },
      };
    },
  };
}

/** The acceptor's last word, and the dialer's look at it. */
export const welcomeText = JSON.stringify({ welcome: true });
/** @throws CallError what the acceptor refused. */
export const checkWelcome = (text: string): void => void read(Welcome, text);

/** How a side says why it goes no further. */
export const refusalText = (error: CallError): string => JSON.stringify({ refused: toWireError(error) });

function greetingOf({ identity, version, nowMs }: HandshakeOptions): Greeting {
  const { nodeId, incarnation } = identity;
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  return { nodeId, incarnation, version, timeMs: nowMs, nonce };
}

function checkGreeting({ version, nowMs }: HandshakeOptions, other: Greeting): void {
  const { nodeId, timeMs } = other;
  if (other.version.major !== version.major || Math.abs(other.version.minor - version.minor) > 1) {
    const [theirs, ours] = [other.version, version].map(({ major, minor }) => `${major}.${minor}`);
    throw new CallError(
      'incompatible-version',
      `node ${nodeId} speaks version ${theirs} of the cluster's protocol, this one ${ours}: upgrade one minor version at a time`,
    );
  }
  const apartMs = Math.abs(timeMs - nowMs);
  if (apartMs > MAX_CLOCK_DIFFERENCE_MS) {
    throw new CallError(
      'forbidden',
      `the clocks of this node and of node ${nodeId} are ${Math.round(apartMs / 1000)} s apart, at most 30 are allowed: set both by NTP`,
    );
  }
}

type Side = 'dialer' | 'acceptor';

const proofOf = ({ secret }: HandshakeOptions, side: Side, transcript: string): string =>
  createHmac('sha256', secret).update(`parley rpc ${side}\n${transcript}`).digest('base64url');

const keyOf = ({ secret }: HandshakeOptions, sender: Side, transcript: string): Buffer => {
  const salt = createHash('sha256').update(transcript).digest();
  return Buffer.from(hkdfSync('sha256', secret, salt, `parley rpc frames of the ${sender}`, 32));
};

function checkProof(
  options: HandshakeOptions,
  proof: string,
  side: Side,
  transcript: string,
  who: string,
): void {
  if (timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(options, side, transcript)))) return;
  throw new CallError('unauthenticated', `${who} has another PARLEY_CLUSTER_SECRET`);
}

/** @throws CallError: what the other side refused, or `invalid-request`. */
function read<T>(schema: z.ZodMiniType<T>, text: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CallError('invalid-request', 'this is no handshake of a node');
  }
  const refusal = Refusal.safeParse(json);
  if (refusal.success) {
    const { code, message, details } = refusal.data.refused;
    throw toCallErrorOf({
      code,
      message: `the other node refuses: ${message.slice(0, 300)}`,
      details,
      retryable: false,
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CallError('invalid-request', 'this is no handshake of a node');
}
