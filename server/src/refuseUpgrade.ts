/**
 * Owns how an upgrade is refused: an answer in plain HTTP, and the end of the connection.
 * Does not own why.
 */
import type { Duplex } from 'node:stream';

/**
 * Answers and closes. Node's HTTP connections stay half open after `end`, and a client that does not close its side would hold the
 * descriptor for ever.
 * @param retryAfterS seconds after which the client may come back.
 */
export function refuseUpgrade(socket: Duplex, status: string, retryAfterS?: number): void {
  const retryAfter = retryAfterS === undefined ? '' : `Retry-After: ${retryAfterS}\r\n`;
  socket.end(`HTTP/1.1 ${status}\r\n${retryAfter}Connection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}
