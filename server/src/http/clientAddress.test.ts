/**
 * Checks whose word about a client's address is believed.
 * Does not check limits per address.
 */
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { clientAddress, trustedProxyTest } from './clientAddress.ts';

const request = (remoteAddress: string, forwardedFor?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } }) as unknown as IncomingMessage;

describe('clientAddress', () => {
  const trusted = trustedProxyTest(['10.0.0.0/8', '2001:db8::7', '192.0.2.1']);

  it.each([
    ['nobody is trusted by default', '198.51.100.9', '203.0.113.1', '198.51.100.9'],
    ['a trusted proxy is believed', '10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['a trusted proxy on a dual-stack socket is believed', '::ffff:10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['a trusted IPv6 proxy is believed', '2001:db8::7', '2001:db8::99', '2001:db8::99'],
    [
      'a chain is followed through trusted hops only',
      '192.0.2.1',
      '6.6.6.6, 203.0.113.5, 10.9.9.9',
      '203.0.113.5',
    ],
    ['what is no address ends the chain', '192.0.2.1', '203.0.113.5, unknown', '192.0.2.1'],
    ['a trusted proxy without the header is the client', '192.0.2.1', undefined, '192.0.2.1'],
    ['a mapped address in the header is shown plain', '192.0.2.1', '::ffff:203.0.113.5', '203.0.113.5'],
  ])('%s', (_title, remote, header, expected) => {
    expect(clientAddress(request(remote, header), trusted)).toBe(expected);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1/32', '192.0.2.1', '192.0.2.0'],
    ['192.0.2.77/24', '192.0.2.255', '192.0.3.0'],
    ['2001:db8::7', '2001:db8::7', '2001:db8::8'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['::1/128', '::1', '::2'],
  ])('the range %s ends where it says', (range, within, outside) => {
    const isTrusted = trustedProxyTest([range]);
    expect([isTrusted(within), isTrusted(outside)]).toEqual([true, false]);
  });

  it.each(['10.0.0.0/', '10.0.0.0/99', '10.0.0.0/abc', '10.0.0.0/8/', '10.0.0.0/ 8', ''])(
    'no range is made of %j',
    (text) => {
      expect(() => trustedProxyTest([text])).toThrow('not an address or a CIDR range');
    },
  );

  it('believes nobody when no proxy is configured', () => {
    expect(clientAddress(request('127.0.0.1', '203.0.113.1'), trustedProxyTest([]))).toBe('127.0.0.1');
  });
});
