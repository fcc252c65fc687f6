/**
 * Owns what `--lan` needs to know and say: this machine's addresses, and the lines (with a QR code) that lead a phone here.
 * Does not own certificates (localCa.ts) nor printing: main.ts writes the lines to the terminal.
 */
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import QRCode from 'qrcode';
import { plainAddress } from './clientAddress.ts';

/** Bridges of container engines and virtual machines: nobody on the LAN reaches this machine through them. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|cali|podman|lxc|ifb)/;

/** Addresses of this machine on its networks, those that people most likely use first; no loopback, no link-local IPv6. */
export function lanAddresses(interfaces = networkInterfaces()): string[] {
  return Object.entries(interfaces)
    .filter(([name]) => !VIRTUAL.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
}

/** The machine's own name, lower case, without a domain. */
export const shortHostname = (): string => (hostname().split('.')[0] ?? '').toLowerCase() || 'parley';

/** Every name and address that the server certificate has to cover. */
export const certificateNames = (addresses: readonly string[], host: string): string[] => [
  ...new Set(['localhost', host, `${host}.local`, '127.0.0.1', '::1', ...addresses.map(plainAddress)]),
];

/** `host:port` for an address of either family. */
export const hostAndPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** What the lines are made of. */
export interface LanBannerOptions {
  readonly addresses: readonly string[];
  readonly httpPort: number;
  readonly httpsPort: number;
  /** SHA-256 of the local CA's certificate; undefined with a certificate of one's own. */
  readonly caFingerprint: string | undefined;
  /** What a certificate of one's own is for: names, and those of the addresses that it covers; undefined with the local CA. */
  readonly certifiedHosts?: readonly string[] | undefined;
}

/** The lines that `--lan` prints: addresses, QR code of the first, and how to trust the local CA. */
export async function lanBanner(options: LanBannerOptions): Promise<string> {
  const { addresses, httpPort, httpsPort, caFingerprint, certifiedHosts } = options;
  // Browsers warn at any other address, and Safari's socket fails there: such an address is not worth a QR code.
  const certified = certifiedHosts?.filter((host) => !host.startsWith('*')) ?? [];
  const hosts = certified.length > 0 ? certified : addresses;
  const [first] = hosts;
  const local = `On this machine:\n  http://localhost:${httpPort}/\n`;
  if (first === undefined) return `${local}No network address found: nobody else reaches this machine.\n`;
  const lines = [
    `${local}On your network:`,
    ...hosts.map((host) => `  https://${hostAndPort(host, httpsPort)}/`),
    '',
    await QRCode.toString(`https://${hostAndPort(first, httpsPort)}/`, { type: 'terminal', small: true }),
  ];
  if (certifiedHosts !== undefined) lines.push(...aboutCertificate(certified, addresses));
  if (caFingerprint !== undefined) {
    lines.push(
      'Browsers warn until the device trusts the certificate authority of this machine. Install it from',
      `  http://${hostAndPort(first, httpPort)}/parley-ca.crt`,
      'after comparing its SHA-256 fingerprint:',
      `  ${caFingerprint}`,
      '',
    );
  }
  return lines.join('\n');
}

/** What the operator has to see to: a certificate of one's own says nothing of where its names lead. */
function aboutCertificate(certified: readonly string[], addresses: readonly string[]): string[] {
  if (certified.length === 0) {
    return [
      'Browsers warn at these addresses: the certificate is not for them. Open this machine by its name.',
      '',
    ];
  }
  if (certified.every((host) => isIP(host) !== 0)) return [];
  return [`The name has to lead to this machine in your network's DNS: ${addresses.join(' or ')}`, ''];
}
