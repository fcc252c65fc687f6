/**
 * Owns a server process that on SIGUSR2 collects its garbage and prints what it holds then, in one line.
 * Does not own its start and end (serverProcess.ts) nor what is made of the line (loadtest/bench/cycles).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { startServer } from '../../src/main.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const config = loadConfig();
const server = await startServer(config, createLogger(config.logLevel));
process.on('SIGUSR2', () => {
  void server.media.inspect().then((workers) => {
    collectGarbage();
    console.log(`standing ${JSON.stringify({ heapBytes: process.memoryUsage().heapUsed, workers })}`);
  });
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
