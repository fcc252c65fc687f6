/**
 * Owns hostile frames: arbitraries generated from the schemas of the request table, and what goes beyond any schema.
 * Does not own sending them. Ids that must exist are placeholders, filled in when a frame is sent.
 */
import { type RequestName, requests } from '@parley/protocol';
import fc from 'fast-check';
import * as z from 'zod';
import { opusParameters, vp8Parameters } from '../support/rtp.ts';

/** Ids that mean something at the moment of sending: the attacker's own, and those of people elsewhere. */
export const placeholders = [
  '@ownPeer',
  '@ownSendTransport',
  '@ownRecvTransport',
  '@ownPublication',
  '@accomplicePublication',
  '@foreignPeer',
  '@foreignTransport',
  '@foreignPublication',
  '@foreignConsumer',
] as const;
export type Placeholder = (typeof placeholders)[number];

/** One frame as text; placeholders not yet filled in. */
export interface Attack {
  readonly text: string;
  /** The id that an answer will carry; undefined where the frame cannot be answered by id. */
  readonly id: string | undefined;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Record<string, JsonSchema>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

const ID_PATTERN = '^[A-Za-z0-9_.:-]{1,96}$';
const roomNames = fc.constantFrom('attack', 'Zimmer-7', 'комната', '部屋', 'x'.repeat(64));

/** Values that fit a schema, with its bounds as likely as its middle. */
function fitting(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting));
  switch (schema.type) {
    case 'object':
      return fittingObject(schema);
    case 'array': {
      const { minItems = 0, maxItems = 4 } = schema;
      return fc.array(schema.items ? fitting(schema.items) : fc.anything(), {
        minLength: minItems,
        maxLength: Math.min(maxItems, minItems + 4),
      });
    }
    case 'string':
      return fittingString(schema);
    case 'integer': {
      const { minimum: min = -(2 ** 31), maximum: max = 2 ** 31 } = schema;
      return fc.oneof(
        fc.constantFrom(min, max),
        fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
      );
    }
    case 'number':
      return fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    case 'boolean':
      return fc.boolean();
    default:
      return fc.anything();
  }
}

function fittingObject({
  properties = {},
  required = [],
  additionalProperties,
}: JsonSchema): fc.Arbitrary<unknown> {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)])),
    { requiredKeys: [...required] },
  );
  if (typeof additionalProperties !== 'object') return known;
  return fc.dictionary(fc.string({ maxLength: 12 }), fitting(additionalProperties), { maxKeys: 4 });
}

function fittingString({ pattern, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (pattern === ID_PATTERN) {
    return fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<string>(...placeholders) },
      fc.stringMatching(new RegExp(pattern)),
      fc.constantFrom('__proto__', 'constructor', 'toString'),
    );
  }
  if (pattern?.includes('\\p')) return roomNames;
  if (pattern) return fc.stringMatching(new RegExp(pattern));
  const text = fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: 'grapheme' });
  return fc.oneof(text, fc.constantFrom('x'.repeat(maxLength), '\u0000', '\u202e', '\ud800'));
}

/** Data that is as good as a browser's, so that mutations of it reach the worker. */
const plausible: { readonly [N in RequestName]?: fc.Arbitrary<unknown> } = {
  publish: fc.record({
    transportId: fc.constant('@ownSendTransport'),
    source: fc.constantFrom('mic', 'camera', 'screen', 'screenAudio'),
    muted: fc.boolean(),
    rtpParameters: fc
      .nat(100_000)
      .chain((ssrc) => fc.constantFrom(opusParameters(ssrc, `a${ssrc}`), vp8Parameters(ssrc, `v${ssrc}`))),
  }),
  subscribe: fc.record({
    transportId: fc.constant('@ownRecvTransport'),
    publicationIds: fc.subarray<string>(
      ['@accomplicePublication', '@foreignPublication', '@ownPublication'],
      {
        minLength: 1,
      },
    ),
  }),
  connectTransport: fc.record({
    transportId: fc.constantFrom('@ownSendTransport', '@ownRecvTransport'),
    dtlsParameters: fc.record({
      role: fc.constantFrom('auto', 'client', 'server'),
      fingerprints: fc.constant([{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }]),
    }),
  }),
  createTransport: fc.record({
    direction: fc.constantFrom('send', 'recv'),
    rtpCapabilities: fc.constant({ codecs: [], headerExtensions: [] }),
  }),
  restartIce: fc.record({ transportId: fc.constantFrom('@ownSendTransport', '@foreignTransport') }),
};

const deep = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Values that no schema here expects; some of them as text, because JSON.stringify would not write them. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 2 ** 53, -(2 ** 63), 1e308, '', [], {}, [[]], 'NaN'),
  fc.constantFrom<unknown>(
    JSON.parse('{"__proto__":{"polluted":true}}'),
    JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'),
    JSON.parse(deep(500, '[', ']')),
    'x'.repeat(20_000),
    Array(2_000).fill('a'),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

/** Changes one place of a value, at any depth: replaced, removed, or joined by a field that should not be there. */
function mutated(value: unknown, place: readonly number[], replacement: unknown, kind: number): unknown {
  const [step, ...rest] = place;
  if (step === undefined || typeof value !== 'object' || value === null) return replacement;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  if (key === undefined || (rest.length === 0 && kind === 0)) {
    Object.defineProperty(copy, '__proto__', { value: replacement, enumerable: true });
  } else if (rest.length === 0 && kind === 1) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, mutated(Reflect.get(value, key), rest, replacement, kind));
  return copy;
}

const requestNames = Object.keys(requests) as RequestName[];

function dataOf(name: RequestName): fc.Arbitrary<unknown> {
  const schema = z.toJSONSchema(requests[name].data, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const base = plausible[name];
  const sound = base ? fc.oneof(fitting(schema), { weight: 2, arbitrary: base }) : fitting(schema);
  const broken = fc
    .tuple(sound, fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), junk, fc.nat(3))
    .map(([value, place, replacement, kind]) => mutated(value, place, replacement, kind));
  return fc.oneof(sound, { weight: 3, arbitrary: broken });
}

const requestId = fc.stringMatching(/^[a-z0-9]{12}$/);

// Once per request: walking the schemas takes longer than making the values.
const dataByName = new Map(requestNames.map((name) => [name, dataOf(name)]));

const requestAttack: fc.Arbitrary<Attack> = fc
  .constantFrom(...requestNames)
  .chain((name) =>
    fc
      .tuple(requestId, dataByName.get(name) ?? junk)
      .map(([id, data]) => ({ id, text: JSON.stringify({ id, name, data }) })),
  );

const frameAttack: fc.Arbitrary<Attack> = fc
  .tuple(requestId, junk, junk, fc.nat(5))
  .map(([id, a, b, kind]) => {
    const frame: unknown = [
      { id, name: a, data: b },
      { id: a, name: 'ping', data: {} },
      { id, name: 'constructor', data: b },
      { id, name: '__proto__', data: b },
      { id, data: {} },
      a,
    ][kind];
    return { id: undefined, text: JSON.stringify(frame) ?? 'undefined' };
  });

const textAttack: fc.Arbitrary<Attack> = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      '',
      '{',
      '"',
      deep(30_000, '[', ']'),
      deep(10_000, '{"a":', '}'),
      '['.repeat(60_000),
      `{"id":"x","name":"chatSend","data":{"text":"${'\\u0000'.repeat(5_000)}"}}`,
      `{"id":"x","name":"ping","data":{},"data":{}}`,
      `{"__proto__":{"id":"x"},"name":"ping","data":{}}`,
      `{"id":"x","name":"ping","data":${'9'.repeat(10_000)}}`,
    ),
  )
  .map((text) => ({ id: undefined, text }));

/** Any frame that somebody may send. */
export const attacks: fc.Arbitrary<Attack> = fc.oneof(
  { weight: 12, arbitrary: requestAttack },
  { weight: 2, arbitrary: frameAttack },
  { weight: 1, arbitrary: textAttack },
);
