/** Tests: addresses that a worker listens on and announces. */
import { expect, test } from 'vitest';
import { isLoopbackHost, listenInfos, type NetworkInterfaces } from './listenInfos.ts';

const address = (text: string, internal = false) => ({
  address: text,
  family: text.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
  internal,
});
const interfaces: NetworkInterfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  eth0: [address('192.0.2.7'), address('2001:db8::7'), address('fe80::1')],
  zeroconf0: [address('169.254.3.4')],
};
const offered = (options: Partial<Parameters<typeof listenInfos>[0]> = {}) =>
  listenInfos({ host: '::', port: 20000, announcedAddress: undefined, interfaces, ...options })
    .filter(({ protocol }) => protocol === 'udp')
    .map(({ ip, announcedAddress }) => (announcedAddress ? `${ip} as ${announcedAddress}` : ip));

test('every interface address is offered, IPv4 and IPv6, without link-local ones', () => {
  expect(offered()).toEqual(['192.0.2.7', '2001:db8::7']);
});

test('each address has UDP and TCP on the same port', () => {
  const infos = listenInfos({ host: '::', port: 20003, announcedAddress: undefined, interfaces });
  expect(infos.map(({ protocol, ip, port }) => `${protocol} ${ip} ${port}`)).toEqual([
    'udp 192.0.2.7 20003',
    'tcp 192.0.2.7 20003',
    'udp 2001:db8::7 20003',
    'tcp 2001:db8::7 20003',
  ]);
});

test.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('with HOST=%s loopback comes first', (host) => {
  expect(offered({ host })).toEqual(['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']);
});

test('a machine without a network offers loopback', () => {
  expect(offered({ interfaces: { lo: interfaces.lo } })).toEqual(['127.0.0.1', '::1']);
});

test('an announced address is told instead, on interfaces of its family; a name on all', () => {
  expect(offered({ announcedAddress: '203.0.113.5' })).toEqual(['192.0.2.7 as 203.0.113.5']);
  expect(offered({ announcedAddress: '2001:db8::99' })).toEqual(['2001:db8::7 as 2001:db8::99']);
  expect(offered({ announcedAddress: 'sfu.example.org' })).toEqual([
    '192.0.2.7 as sfu.example.org',
    '2001:db8::7 as sfu.example.org',
  ]);
});

test('loopback is never announced as something else', () => {
  expect(offered({ host: '127.0.0.1', announcedAddress: '203.0.113.5' })).toEqual([
    '127.0.0.1',
    '::1',
    '192.0.2.7 as 203.0.113.5',
  ]);
});

test('a machine with very many addresses offers as many as the candidate priorities allow', () => {
  const many = { docker: Array.from({ length: 200 }, (_, i) => address(`10.0.${i}.1`)) };
  expect(offered({ interfaces: many })).toHaveLength(40);
});

test.each(['0.0.0.0', '::', '192.0.2.7', 'example.org', '127.example.org'])(
  '%s is no loopback host',
  (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  },
);
