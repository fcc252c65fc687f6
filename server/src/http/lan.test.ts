/**
 * Checks which addresses are offered to people on the network, and what is printed for them.
 * Does not check the certificates: see localCa.test.ts.
 */
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { certificateNames, lanAddresses, lanBanner } from './lan.ts';

const entry = (address: string, internal = false) =>
  ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal }) as NetworkInterfaceInfo;

it('offers the addresses of real networks, IPv4 first', () => {
  const interfaces = {
    lo: [entry('127.0.0.1', true), entry('::1', true)],
    docker0: [entry('172.17.0.1')],
    eth0: [entry('2001:db8::5'), entry('192.168.1.7'), entry('fe80::1')],
  };
  expect(lanAddresses(interfaces)).toEqual(['192.168.1.7', '2001:db8::5']);
});

it('covers loopback, the host name and every address, each once', () => {
  expect(certificateNames(['192.168.1.7', '127.0.0.1'], 'box')).toEqual([
    'localhost',
    'box',
    'box.local',
    '127.0.0.1',
    '::1',
    '192.168.1.7',
  ]);
});

it('prints https addresses, a QR code, and where the CA certificate is', async () => {
  const text = await lanBanner({
    addresses: ['192.168.1.7', '2001:db8::5'],
    httpPort: 3000,
    httpsPort: 3443,
    caFingerprint: 'AB:CD',
  });
  expect(text).toContain('http://localhost:3000/');
  expect(text).toContain('https://192.168.1.7:3443/');
  expect(text).toContain('https://[2001:db8::5]:3443/');
  expect(text).toContain('http://192.168.1.7:3000/parley-ca.crt');
  expect(text).toContain('AB:CD');
  expect(text).toMatch(/[▀▄█]{5}/);
});

describe('with a certificate of one’s own', () => {
  const banner = (...certifiedHosts: string[]) =>
    lanBanner({
      addresses: ['192.168.1.7', '192.168.9.9'],
      httpPort: 3000,
      httpsPort: 3443,
      caFingerprint: undefined,
      certifiedHosts,
    });

  it('prints the names that it is for, and where they have to lead', async () => {
    const text = await banner('*.example.org', 'calls.example.org');
    expect(text).toContain('https://calls.example.org:3443/');
    expect(text).toContain('192.168.1.7 or 192.168.9.9');
    expect(text).not.toContain('https://192.168');
    expect(text).not.toContain('https://*');
    expect(text).not.toContain('parley-ca.crt');
  });

  it('prints only the addresses that it covers', async () => {
    const text = await banner('192.168.1.7');
    expect(text).toContain('https://192.168.1.7:3443/');
    expect(text).not.toContain('192.168.9.9');
  });

  it.each([[[]], [['*.example.org']]])(
    'says that browsers will warn when it names no host: %j',
    async (names) => {
      const text = await banner(...names);
      expect(text).toContain('https://192.168.1.7:3443/');
      expect(text).toContain('Browsers warn at these addresses');
    },
  );
});

it('says so when there is no network', async () => {
  const text = await lanBanner({ addresses: [], httpPort: 1, httpsPort: 2, caFingerprint: undefined });
  expect(text).toContain('No network address found');
});
