/**
 * Owns on which addresses a worker listens, and which it announces to clients as ICE candidates.
 * Does not own the port (the pool gives it) nor the sockets (mediasoup's WebRtcServer).
 */
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { types } from 'mediasoup';

/** As `os.networkInterfaces()` gives them. */
export type NetworkInterfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[]>;

// mediasoup lowers the priority of each further candidate by 100, starting at 10,000: beyond 100 it would wrap around.
const MAX_ADDRESSES = 40;

/**
 * One UDP socket takes what all people of a worker send. Linux' default (208 KiB, some 90 packets) overflows whenever the worker is not
 * scheduled for a few milliseconds, and each overflow costs key frames for everybody. Much more would keep packets of an overloaded
 * worker for a second (4 MiB did), where late is worse than lost. The kernel caps it at `net.core.rmem_max`.
 */
export const MEDIA_SOCKET_BUFFER_BYTES = 1024 * 1024;

/**
 * Whether only this machine can reach an address that HTTP listens on. Names other than `localhost` are taken for
 * reachable ones.
 */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const isLinkLocal = (address: string): boolean =>
  address.startsWith('169.254.') || /^fe[89ab]/i.test(address);

/**
 * Each address gets a UDP and a TCP socket; sockets are bound to single addresses, because an answer from a wildcard
 * socket may leave by another address than the one that was asked, and ICE drops it.
 *
 * - Without an announced address: every address of every interface is offered, IPv4 and IPv6, except link-local ones.
 * - With one (a machine behind NAT): clients are told that address, whichever interface the NAT leads to.
 * - Loopback is offered when HTTP is for this machine only, so that a call on localhost needs no network; it is of no
 *   use to anybody else. It is offered too when the machine has no other address.
 */
export function listenInfos(options: {
  host: string;
  port: number;
  announcedAddress: string | undefined;
  interfaces: NetworkInterfaces;
}): types.TransportListenInfo[] {
  const { port, announcedAddress } = options;
  const all = Object.values(options.interfaces).flatMap((list) => list ?? []);
  const announcedFamily = announcedAddress ? isIP(announcedAddress) : 0;
  const external = all.filter(
    ({ address, internal, family }) =>
      !internal && !isLinkLocal(address) && (announcedFamily === 0 || family === `IPv${announcedFamily}`),
  );
  const loopback = all.filter(({ internal }) => internal);
  const loopbackOffered = isLoopbackHost(options.host) || external.length === 0;
  return [
    ...(loopbackOffered ? loopback.map(({ address }) => ({ ip: address, announcedAddress: undefined })) : []),
    ...external.slice(0, MAX_ADDRESSES).map(({ address }) => ({ ip: address, announcedAddress })),
  ].flatMap(({ ip, announcedAddress }) =>
    (['udp', 'tcp'] as const).map((protocol) => ({
      protocol,
      ip,
      port,
      ...(announcedAddress === undefined ? {} : { announcedAddress }),
      ...(protocol === 'udp' && {
        recvBufferSize: MEDIA_SOCKET_BUFFER_BYTES,
        sendBufferSize: MEDIA_SOCKET_BUFFER_BYTES,
      }),
      flags: { ipv6Only: true },
    })),
  );
}
