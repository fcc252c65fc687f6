/**
 * Owns the step from Parley's settings to coturn's: fills turnserver.conf.template.
 * Does not own reading settings, nor files (generate.ts), nor the credentials (server/src/turn/credentials.ts).
 */
import { isIP } from 'node:net';

/** What the configuration is made from. */
export interface TurnserverSettings {
  /** As in PARLEY_TURN_URLS: `turn:host:port?transport=udp`, `turns:host:port`, `stun:host:port`. */
  readonly urls: readonly string[];
  readonly secret: string;
  /** Addresses of the media nodes: the only ones that relayed packets may go to. */
  readonly peers: readonly string[];
  /** Addresses to listen on and relay from; empty means every address of the machine. */
  readonly listeningIps: readonly string[];
  readonly relayIps: readonly string[];
  /** Public address, when the machine is behind one-to-one NAT: `public` or `public/private`. */
  readonly externalIp?: string | undefined;
  /** UDP ports of allocations, inclusive. */
  readonly minPort: number;
  readonly maxPort: number;
  /** For `turns:` addresses. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Tests on one machine only: media nodes on 127.0.0.1. */
  readonly allowLoopbackPeers?: boolean;
}

/** Ports and schemes out of TURN addresses (RFC 7065 defaults: 3478, and 5349 for `turns`). */
export function portsOf(urls: readonly string[]): { plain: number; tls: number | undefined; stun: boolean } {
  const ports = { plain: new Set<number>(), tls: new Set<number>() };
  for (const url of urls) {
    const match = /^(turns?|stun):(?:\[[^\]]*\]|[^:?]*)(?::(\d+))?/.exec(url);
    if (match === null) throw new RangeError(`${url} is no TURN or STUN address`);
    const [, scheme, port] = match;
    if (scheme === 'turns') ports.tls.add(Number(port ?? 5349));
    else ports.plain.add(Number(port ?? 3478));
  }
  for (const [scheme, found] of [
    ['turn', ports.plain],
    ['turns', ports.tls],
  ] as const) {
    if (found.size > 1)
      throw new RangeError(`${scheme}: addresses with different ports need different coturns`);
  }
  const [plain = 3478] = ports.plain;
  const [tls] = ports.tls;
  return { plain, tls, stun: urls.some((url) => url.startsWith('stun:')) };
}

/**
 * Fills the template.
 * @throws RangeError with one line that says what is wrong.
 */
export function turnserverConf(template: string, settings: TurnserverSettings): string {
  const { listeningIps, relayIps, peers, externalIp, minPort, maxPort, tls } = settings;
  if (peers.length === 0)
    throw new RangeError('no address of a media node is known: the relay would reach nothing');
  for (const address of [...peers, ...listeningIps, ...relayIps, ...(externalIp?.split('/') ?? [])]) {
    if (isIP(address) === 0) throw new RangeError(`${address} is no IP address`);
  }
  if (!(minPort >= 1024 && minPort <= maxPort && maxPort <= 65_535)) {
    throw new RangeError(`${minPort}-${maxPort} is no range of ports between 1024 and 65535`);
  }
  // A line break or a comment sign would change the meaning of the file.
  if (!/^[\x21\x24-\x26\x28-\x7e]+$/.test(settings.secret)) {
    throw new RangeError('PARLEY_TURN_SECRET: use printable ASCII without spaces, quotes and "#"');
  }
  const ports = portsOf(settings.urls);
  if (ports.tls !== undefined && tls === undefined) {
    throw new RangeError('turns: addresses need PARLEY_TLS_CERT and PARLEY_TLS_KEY');
  }
  const lines = (key: string, values: readonly string[]) =>
    values.map((value) => `${key}=${value}`).join('\n');
  const values: Record<string, string> = {
    listeningPort: String(ports.plain),
    listeningIps: lines('listening-ip', listeningIps),
    relayIps: lines('relay-ip', relayIps),
    externalIp: externalIp === undefined ? '' : `external-ip=${externalIp}`,
    tls:
      tls === undefined || ports.tls === undefined
        ? 'no-tls'
        : `tls-listening-port=${ports.tls}\ncert=${tls.certFile}\npkey=${tls.keyFile}`,
    minPort: String(minPort),
    maxPort: String(maxPort),
    secret: settings.secret,
    stun: ports.stun
      ? ''
      : '# No stun: address is configured; an open STUN service is used to amplify attacks.\nno-stun',
    allowedPeers: lines('allowed-peer-ip', [...new Set(peers)]),
    loopback: settings.allowLoopbackPeers ? '# FOR TESTS ONLY.\nallow-loopback-peers' : '',
    totalQuota: String(maxPort - minPort + 1),
  };
  const filled = template.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`the template names an unknown value: ${name}`);
    return value;
  });
  return filled.replace(/\n{3,}/g, '\n\n');
}
