/**
 * Owns a server process in which every room spreads over the workers at once; on SIGUSR2 it prints what runs in them.
 * Does not own its start and end by tests (serverProcess.ts).
 */
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { startServer } from '../../src/main.ts';
import { spread } from './spread.ts';

const config = loadConfig();
const server = await startServer(config, createLogger(config.logLevel), { placement: spread });
process.on('SIGUSR2', () => {
  void server.media.inspect().then((reports) => console.log(`workers ${JSON.stringify(reports)}`));
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
