/**
 * Checks the text of coturn's configuration.
 * Does not check what coturn makes of it: server/test/integration/turn.test.ts starts a real one.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { portsOf, type TurnserverSettings, turnserverConf } from './turnserverConf.ts';

const template = readFileSync(new URL('turnserver.conf.template', import.meta.url), 'utf8');
const settings: TurnserverSettings = {
  urls: ['turn:turn.example.org:3478?transport=udp'],
  secret: 'a-shared-secret-of-coturn',
  peers: ['203.0.113.5', '2001:db8::5'],
  listeningIps: [],
  relayIps: [],
  minPort: 49_160,
  maxPort: 51_159,
};
const linesOf = (overrides: Partial<TurnserverSettings> = {}) =>
  turnserverConf(template, { ...settings, ...overrides }).split('\n');

describe('turnserverConf', () => {
  it('denies every peer but the media nodes, in both families', () => {
    const lines = linesOf();
    expect(lines.filter((line) => /peer/.test(line) && !line.startsWith('#'))).toEqual([
      'denied-peer-ip=0.0.0.0-255.255.255.255',
      'denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      'allowed-peer-ip=203.0.113.5',
      'allowed-peer-ip=2001:db8::5',
      'no-multicast-peers',
    ]);
  });

  it('leaves no placeholder, and offers what is needed only', () => {
    const lines = linesOf();
    expect(lines.join('\n')).not.toMatch(/\{\{|\}\}/);
    for (const line of ['no-tls', 'no-stun', 'no-tcp-relay', 'no-cli', 'no-rfc5780', 'total-quota=2000']) {
      expect(lines).toContain(line);
    }
  });

  it('opens TLS and STUN when an address asks for them', () => {
    const tls = { certFile: '/c.pem', keyFile: '/k.pem' };
    const lines = linesOf({ urls: ['turns:t:443', 'stun:t'], tls });
    expect(lines).toEqual(expect.arrayContaining(['tls-listening-port=443', 'cert=/c.pem', 'pkey=/k.pem']));
    expect(lines).not.toContain('no-tls');
    expect(lines).not.toContain('no-stun');
  });

  it.each<[string, Partial<TurnserverSettings>, RegExp]>([
    ['no media node', { peers: [] }, /no address of a media node/],
    ['a peer that is a name', { peers: ['media.example'] }, /no IP address/],
    ['a line break in an address', { listeningIps: ['127.0.0.1\nno-auth'] }, /no IP address/],
    ['a line break in the secret', { secret: `${'x'.repeat(20)}\nno-auth` }, /printable ASCII/],
    ['a range of ports that is none', { minPort: Number.NaN }, /no range of ports/],
    ['turns without a certificate', { urls: ['turns:t'] }, /PARLEY_TLS_CERT/],
    ['two ports for one scheme', { urls: ['turn:a:1', 'turn:a:2'] }, /different ports/],
  ])('refuses %s', (_title, overrides, message) => {
    expect(() => linesOf(overrides)).toThrow(message);
  });
});

describe('portsOf', () => {
  it('knows the default ports and reads bracketed IPv6 addresses', () => {
    expect(portsOf(['turn:t', 'turns:t'])).toEqual({ plain: 3478, tls: 5349, stun: false });
    expect(portsOf(['turn:[2001:db8::1]:3479?transport=tcp'])).toEqual({
      plain: 3479,
      tls: undefined,
      stun: false,
    });
  });
});
