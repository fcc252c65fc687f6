/**
 * Owns the question which address a request comes from, when some proxies are trusted to say so.
 * Does not own limits per address: the caller decides what to do with it.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that a dual-stack socket shows as `::ffff:a.b.c.d` in its own form; others unchanged. */
export const plainAddress = (address: string): string => MAPPED_IPV4.exec(address)?.[1] ?? address;

/** Addresses that begin with the same `prefix` bits. */
export interface AddressRange {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

/** Reads an address or a CIDR range, IPv4 or IPv6; undefined where the text is neither. */
export function parseRange(text: string): AddressRange | undefined {
  // Digits are demanded, because `Number('')` is 0: a forgotten prefix would be everybody.
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  return { address, family: version === 6 ? 'ipv6' : 'ipv4', prefix: length };
}

/**
 * Makes the test whether an address is a trusted proxy.
 * @param trustedProxies addresses or CIDR ranges, IPv4 or IPv6.
 * @throws RangeError when one is neither.
 */
export function trustedProxyTest(trustedProxies: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const range = parseRange(entry);
    if (range === undefined) throw new RangeError(`not an address or a CIDR range: ${entry}`);
    trusted.addSubnet(range.address, range.prefix, range.family);
  }
  return (address) => {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && trusted.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}

/**
 * The address of the client behind a request: the socket's own, or, as long as the nearer hop is a trusted proxy, the next
 * one to the left in `X-Forwarded-For`. What a client writes there itself is thus never believed.
 */
export function clientAddress(
  request: IncomingMessage,
  isTrustedProxy: (address: string) => boolean,
): string {
  let address = plainAddress(request.socket.remoteAddress ?? '');
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  while (isTrustedProxy(address)) {
    const hop = plainAddress((hops.pop() ?? '').trim());
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}
