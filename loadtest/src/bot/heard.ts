/**
 * Owns how many microphones a server sends to one listener: of the others', the loudest. Does not own which.
 */

/** The server's default. */
export const HEARD = 3;
