/**
 * Owns how nodes use WebSockets: options, the texts of a handshake, and an end that says why.
 * Does not own what the handshake proves (handshake.ts) nor what is spoken after it (RpcConnection).
 */
import { CallError } from '@parley/protocol';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { MAX_FRAME_BYTES } from './frames.ts';
import { refusalText } from './handshake.ts';

/** Path of the upgrade request. */
export const RPC_PATH = '/rpc';

/**
 * Each frame has its own turn of the event loop: whoever waits for an answer goes on before the notice behind it is delivered, so that
 * news never overtake the state that they are news to.
 */
export const SOCKET_OPTIONS = {
  maxPayload: MAX_FRAME_BYTES,
  perMessageDeflate: false,
  allowSynchronousEvents: false,
  skipUTF8Validation: false,
} as const;

/** Both sides together; a node that is busy starting may take a second. */
export const HANDSHAKE_LIMIT_MS = 3_000;
const MAX_HANDSHAKE_CHARS = 4_096;
/** RFC 6455: policy violation. */
const REFUSED = 1008;

/** The next frame, a text. @throws CallError `timeout`, `unavailable` when the socket closes, `invalid-request`. */
export function receiveText(socket: WebSocket, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      cancel();
      socket.off('message', onMessage);
      socket.off('close', onClose);
      act();
    };
    const onMessage = (data: RawData, isBinary: boolean) => {
      const text = !isBinary && Buffer.isBuffer(data) ? data.toString('utf8') : '';
      if (text.length > 0 && text.length <= MAX_HANDSHAKE_CHARS) settle(() => resolve(text));
      else settle(() => reject(new CallError('invalid-request', 'this is no handshake of a node')));
    };
    const onClose = (code: number) => {
      settle(() => reject(new CallError('unavailable', `the node hung up in the handshake (${code})`)));
    };
    const cancel = clock.setTimeout(
      () => settle(() => reject(new CallError('timeout', 'the node did not finish the handshake in time'))),
      HANDSHAKE_LIMIT_MS,
    );
    socket.on('message', onMessage);
    socket.on('close', onClose);
  });
}

/** Says why, and hangs up. */
export function refuse(socket: WebSocket, error: CallError): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(refusalText(error));
  socket.close(REFUSED);
  // Who does not close in turn is not waited for.
  setTimeout(() => socket.terminate(), 1_000).unref();
}
