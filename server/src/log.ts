/**
 * Owns how the server logs: pino, pretty at a terminal, JSON lines elsewhere, secrets redacted.
 * Does not own what is logged: whoever has an id binds it once, in a child logger.
 */
import { pino } from 'pino';
import pretty from 'pino-pretty';

/** What the parts of the server log to; ids are bound once: `log.child({ roomId })`. */
export type Logger = Pick<
  pino.BaseLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'level'
> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Where a line goes; a stream's `write`. */
export interface LogDestination {
  write(line: string): void;
}

// Fields that must never reach a log, whoever passes an object that holds them.
const secretFields = [
  'token',
  'resumeToken',
  'secret',
  'authorization',
  'cookie',
  'credential',
  'password',
  'apiKeys',
  'privateKey',
  'dtlsParameters',
  'iceParameters',
];
// pino matches a fixed depth per path; objects in our log lines are at most this deep.
const secretPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/**
 * Makes the process's logger.
 * @param level least severe level that is written: trace debug info warn error silent.
 * @param destination for tests; by default stdout, pretty when that is a terminal.
 */
export function createLogger(level: string, destination?: LogDestination): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secretPaths, censor: '[redacted]' },
  };
  if (destination) return pino(options, destination);
  // Written synchronously, so that the last line before an exit is not lost.
  if (process.stdout.isTTY) {
    return pino(
      options,
      pretty({ sync: true, colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' }),
    );
  }
  return pino(options, pino.destination({ fd: 1, sync: true }));
}
