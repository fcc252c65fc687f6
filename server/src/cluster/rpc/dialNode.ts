/**
 * Owns how this node reaches another one: socket, handshake, and what kept it from getting there.
 * Does not own when to try again (NodeLink).
 */
import { CallError } from '@parley/protocol';
import { WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { toCallError } from '../../toWireError.ts';
import type { NoticeHandlers } from './calls.ts';
import { deliver } from './frames.ts';
import { checkWelcome, dial, type HandshakeOptions } from './handshake.ts';
import { HANDSHAKE_LIMIT_MS, RPC_PATH, receiveText, refuse, SOCKET_OPTIONS } from './nodeSocket.ts';
import { type ConnectionEnd, RpcConnection } from './RpcConnection.ts';

/** Whom to reach. */
export interface NodeAddress {
  readonly nodeId: string;
  /** `host:port`, IPv6 in brackets. */
  readonly address: string;
}

/** What dialing needs, whoever is dialed. */
export interface DialOptions extends Omit<HandshakeOptions, 'nowMs'> {
  readonly clock: Clock;
}

/** Nobody listens at that address: a process that was there is gone. */
export class NobodyThere extends CallError {
  constructor({ nodeId, address }: NodeAddress, cause: unknown) {
    super('unavailable', `nobody listens at ${address}, the address of node ${nodeId}`, { cause });
  }
}

/** Connects to a node. @throws CallError with the cause in one line; {@link NobodyThere} when the connection is refused. */
export async function dialNode(
  target: NodeAddress,
  options: DialOptions,
  told: { readonly onNotice: NoticeHandlers; readonly onEnd: (end: ConnectionEnd) => void },
): Promise<RpcConnection> {
  const { clock } = options;
  const socket = new WebSocket(`ws://${target.address}${RPC_PATH}`, {
    ...SOCKET_OPTIONS,
    handshakeTimeout: HANDSHAKE_LIMIT_MS,
  });
  try {
    await opened(socket, target);
    const { hello, answer } = dial({ ...options, nowMs: clock.now() }, target.nodeId);
    socket.send(hello);
    const { peer, keys, proof } = answer(await receiveText(socket, clock));
    socket.send(proof);
    checkWelcome(await receiveText(socket, clock));
    return new RpcConnection({
      socket,
      peer,
      keys,
      clock,
      onCall: async () => {
        throw new CallError('unsupported', 'this node is not asked on connections that it opened');
      },
      onNotice: (name, data) => deliver(told.onNotice, name, data),
      onEnd: told.onEnd,
    });
  } catch (error) {
    // Not the other one's fault alone: it is told why, and the operator of either finds the cause.
    if (socket.readyState === socket.OPEN) refuse(socket, toCallError(error));
    else socket.terminate();
    throw error;
  }
}

function opened(socket: WebSocket, target: NodeAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    // Stays: an error is always followed by close, and is told by that.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { nodeId, address } = target;
      reject(
        error.code === 'ECONNREFUSED'
          ? new NobodyThere(target, error)
          : new CallError('unavailable', `no way to node ${nodeId} at ${address}: ${error.message}`, {
              cause: error,
            }),
      );
    });
  });
}
