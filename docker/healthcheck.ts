/**
 * The container's health check: exit code 0 when every part of the server is ready.
 * Does not own what "ready" means: `GET /readyz` tells.
 */
import { loadConfig } from '../server/src/config.ts';

const WILDCARDS = new Set(['::', '0.0.0.0']);

const { host, port } = loadConfig([]);
const name = WILDCARDS.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
const ready = await fetch(`http://${name}:${port}/readyz`, { signal: AbortSignal.timeout(4_000) }).then(
  (response) => response.ok,
  () => false,
);
process.exitCode = ready ? 0 : 1;
