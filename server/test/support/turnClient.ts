/**
 * Owns a small TURN client over UDP (RFC 8489, RFC 8656), just enough to ask a server for what it must give and must refuse.
 * Does not own verdicts: every call returns the server's answer, errors included.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { isIPv6 } from 'node:net';

const MAGIC_COOKIE = 0x2112a442;
const RETRANSMIT_MS = 100;

const METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  permission: 0x008,
  channel: 0x009,
};
const ATTRIBUTE = {
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  peer: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayed: 0x0016,
  family: 0x0017,
  transport: 0x0019,
  software: 0x8022,
};
const DATA_INDICATION = 0x0017;

/** Long-term credentials, as an IceServer carries them. */
export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/** A transport address. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

/** `error` is undefined on success. */
export interface TurnAnswer {
  readonly error: number | undefined;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

type Attribute = readonly [type: number, value: Buffer];

/** One client socket, thus at most one allocation. */
export class TurnClient extends EventEmitter<{
  data: [payload: string];
  answer: [id: string, answer: TurnAnswer];
}> {
  readonly #socket: Socket;
  readonly #server: { host: string; port: number };
  readonly #credentials: TurnCredentials | undefined;
  readonly #timeoutMs: number;
  #realm = '';
  #nonce = '';

  static async create(options: {
    host: string;
    port: number;
    credentials?: TurnCredentials;
    timeoutMs?: number;
  }): Promise<TurnClient> {
    const socket = createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
    socket.bind();
    await once(socket, 'listening');
    return new TurnClient(socket, options);
  }

  private constructor(socket: Socket, options: Parameters<typeof TurnClient.create>[0]) {
    super();
    this.#socket = socket;
    this.#server = options;
    this.#credentials = options.credentials;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    socket.on('message', (message) => this.#receive(message));
    // A port that nobody listens on yet (ICMP): the next retransmission tries again.
    socket.on('error', () => undefined);
  }

  /** Allocates a relayed address; 17 is UDP, 6 TCP (RFC 6062). */
  allocate(options: { family?: 4 | 6; protocol?: 17 | 6 } = {}): Promise<TurnAnswer> {
    const attributes: Attribute[] = [[ATTRIBUTE.transport, Buffer.from([options.protocol ?? 17, 0, 0, 0])]];
    if (options.family === 6) attributes.push([ATTRIBUTE.family, Buffer.from([2, 0, 0, 0])]);
    return this.#authenticated(METHOD.allocate, attributes);
  }

  refresh(lifetimeS: number): Promise<TurnAnswer> {
    const lifetime = Buffer.alloc(4);
    lifetime.writeUInt32BE(lifetimeS);
    return this.#authenticated(METHOD.refresh, [[ATTRIBUTE.lifetime, lifetime]]);
  }

  createPermission(peer: PeerAddress): Promise<TurnAnswer> {
    return this.#authenticated(METHOD.permission, [[ATTRIBUTE.peer, encodeAddress(peer)]]);
  }

  bindChannel(peer: PeerAddress): Promise<TurnAnswer> {
    const number = Buffer.from([0x40, randomBytes(1)[0] ?? 0, 0, 0]);
    return this.#authenticated(METHOD.channel, [
      [ATTRIBUTE.channelNumber, number],
      [ATTRIBUTE.peer, encodeAddress(peer)],
    ]);
  }

  /** A plain STUN question, without credentials. */
  bind(): Promise<TurnAnswer> {
    return this.#request(METHOD.binding, [], undefined);
  }

  /** Sends through the relay; like any datagram it may be dropped without a word. */
  send(peer: PeerAddress, payload: string): void {
    const attributes: Attribute[] = [
      [ATTRIBUTE.peer, encodeAddress(peer)],
      [ATTRIBUTE.data, Buffer.from(payload)],
    ];
    // Class "indication": no reply, no integrity.
    this.#write(encode(METHOD.send | 0x0010, randomBytes(12), attributes));
  }

  close(): void {
    this.#socket.close();
    this.removeAllListeners();
  }

  /** First without credentials, then as often as the server names another nonce. */
  async #authenticated(method: number, attributes: readonly Attribute[]): Promise<TurnAnswer> {
    let answer = await this.#request(method, attributes, this.#nonce === '' ? undefined : this.#credentials);
    for (let round = 0; round < 2 && (answer.error === 401 || answer.error === 438); round++) {
      const nonce = answer.attributes.get(ATTRIBUTE.nonce)?.toString() ?? '';
      const challenged = nonce !== this.#nonce;
      this.#realm = answer.attributes.get(ATTRIBUTE.realm)?.toString() ?? this.#realm;
      this.#nonce = nonce;
      if (this.#credentials === undefined || !challenged) break;
      answer = await this.#request(method, attributes, this.#credentials);
    }
    return answer;
  }

  async #request(
    method: number,
    attributes: readonly Attribute[],
    credentials: TurnCredentials | undefined,
  ): Promise<TurnAnswer> {
    const id = randomBytes(12);
    const message = credentials
      ? encodeSigned(method, id, attributes, { ...credentials, realm: this.#realm, nonce: this.#nonce })
      : encode(method, id, attributes);
    const limit = AbortSignal.timeout(this.#timeoutMs);
    const repeat = setInterval(() => this.#write(message), RETRANSMIT_MS);
    this.#write(message);
    try {
      for (;;) {
        const [answeredId, answer] = await once(this, 'answer', { signal: limit });
        if (answeredId === id.toString('hex')) return answer;
      }
    } finally {
      clearInterval(repeat);
    }
  }

  #write(message: Buffer): void {
    this.#socket.send(message, this.#server.port, this.#server.host);
  }

  #receive(message: Buffer): void {
    const { type, id, attributes } = decode(message);
    if (type === DATA_INDICATION) {
      this.emit('data', attributes.get(ATTRIBUTE.data)?.toString() ?? '');
      return;
    }
    const error = attributes.get(ATTRIBUTE.error);
    this.emit('answer', id, { error: error && (error[2] ?? 0) * 100 + (error[3] ?? 0), attributes });
  }
}

/** The port of the relayed address of a successful allocation. */
export function relayedPort(answer: TurnAnswer): number {
  const value = answer.attributes.get(ATTRIBUTE.relayed);
  if (value === undefined) throw new Error('the answer has no relayed address');
  return value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
}

/** What the server calls itself in an answer, if it does. */
export const softwareOf = (answer: TurnAnswer): string | undefined =>
  answer.attributes.get(ATTRIBUTE.software)?.toString();

function cookie(): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(MAGIC_COOKIE);
  return bytes;
}

/** Family, masked port, plain address: `encode` masks the address, as the transaction id takes part in that. */
function encodeAddress({ address, port }: PeerAddress): Buffer {
  const raw = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  const header = Buffer.alloc(4);
  header[1] = raw.length === 4 ? 1 : 2;
  header.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  return Buffer.concat([header, raw]);
}

function ipv6Bytes(text: string): Buffer {
  // A URL writes every form (::ffff:1.2.3.4 too) as hex groups with at most one `::`.
  const groups = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [left = [], right = []] = groups.split('::').map((side) => side.split(':').filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...left, ...zeros, ...right].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}

function encode(type: number, id: Buffer, attributes: readonly Attribute[]): Buffer {
  const mask = Buffer.concat([cookie(), id]);
  const parts = attributes.map(([attributeType, value]) => {
    const content =
      attributeType === ATTRIBUTE.peer
        ? Buffer.from(value.map((byte, index) => (index < 4 ? byte : byte ^ (mask[index - 4] ?? 0))))
        : value;
    const header = Buffer.alloc(4);
    header.writeUInt16BE(attributeType, 0);
    header.writeUInt16BE(content.length, 2);
    return Buffer.concat([header, content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, mask, body]);
}

function encodeSigned(
  method: number,
  id: Buffer,
  attributes: readonly Attribute[],
  account: TurnCredentials & { realm: string; nonce: string },
): Buffer {
  const { username, credential, realm, nonce } = account;
  const all: Attribute[] = [
    ...attributes,
    [ATTRIBUTE.username, Buffer.from(username)],
    [ATTRIBUTE.realm, Buffer.from(realm)],
    [ATTRIBUTE.nonce, Buffer.from(nonce)],
  ];
  const key = createHash('md5').update(`${username}:${realm}:${credential}`).digest();
  const unsigned = encode(method, id, all);
  // The length covers the integrity attribute (24 bytes) while it is computed.
  unsigned.writeUInt16BE(unsigned.length - 20 + 24, 2);
  const integrity = createHmac('sha1', key).update(unsigned).digest();
  return encode(method, id, [...all, [ATTRIBUTE.integrity, integrity]]);
}

function decode(message: Buffer): { type: number; id: string; attributes: Map<number, Buffer> } {
  const attributes = new Map<number, Buffer>();
  for (let offset = 20; offset + 4 <= message.length; ) {
    const length = message.readUInt16BE(offset + 2);
    attributes.set(message.readUInt16BE(offset), message.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length + ((4 - (length % 4)) % 4);
  }
  return { type: message.readUInt16BE(0), id: message.toString('hex', 8, 20), attributes };
}
