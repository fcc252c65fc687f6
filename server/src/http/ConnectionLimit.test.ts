/**
 * Checks who may hold how many HTTP connections. Sockets are stand-ins: loopback, the only real address of a unit test, has no limit.
 * Does not check the total of a server (`maxConnections`, Node's).
 */
import { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConnectionLimit } from './ConnectionLimit.ts';
import { trustedProxyTest } from './clientAddress.ts';

class StandIn extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;
  constructor(remoteAddress: string, remotePort: number) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

describe('ConnectionLimit', () => {
  let server: EventEmitter;
  let limit: ConnectionLimit;
  let nextPort = 1;
  const connect = (address: string) => {
    const socket = new StandIn(address, nextPort++);
    server.emit('connection', socket as unknown as Socket);
    return socket;
  };

  beforeEach(() => {
    server = new EventEmitter();
    limit = new ConnectionLimit(trustedProxyTest(['10.0.0.1']), 2);
    limit.watch(server as Server);
  });

  it('cuts what one address opens beyond the limit, and nobody else', () => {
    const open = [connect('192.0.2.1'), connect('::ffff:192.0.2.1'), connect('192.0.2.2')];
    expect(connect('192.0.2.1').destroyed).toBe(true);
    expect(open.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  });

  it('counts a connection no more once it is closed or upgraded', () => {
    const first = connect('192.0.2.1');
    const second = connect('192.0.2.1');
    first.destroy();
    expect(connect('192.0.2.1').destroyed).toBe(false);
    limit.upgraded(second.remoteAddress, second.remotePort);
    expect(connect('192.0.2.1').destroyed).toBe(false);
    expect(connect('192.0.2.1').destroyed).toBe(true);
  });

  it.each(['127.0.0.1', '::1', '10.0.0.1'])('sets none for %s, which stands for many', (address) => {
    const sockets = Array.from({ length: 20 }, () => connect(address));
    expect(sockets.some(({ destroyed }) => destroyed)).toBe(false);
  });

  it('ends everything that is open, upgraded connections too', () => {
    const sockets = [connect('192.0.2.1'), connect('::1')];
    limit.upgraded(sockets[0]!.remoteAddress, sockets[0]!.remotePort);
    limit.destroyAll();
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
