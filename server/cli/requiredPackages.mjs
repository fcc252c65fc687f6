/**
 * Every Debian package that a command may need, with the reason that the user is shown.
 * Whether one is missing and who installs it is systemPackages.mjs's business.
 */
import { buildPackages } from '../worker/packages.mjs';

/**
 * @typedef {object} RequiredPackage
 * @property {string} name Debian's
 * @property {string} reason completes "needed to ..."
 */

/**
 * For the worker's build, where neither the cache nor mediasoup's prebuilt has one.
 * @type {RequiredPackage[]}
 */
export const workerPackages = buildPackages.map((name) => ({ name, reason: 'build the media worker' }));

/**
 * For `npm test`, besides the worker.
 * @type {RequiredPackage[]}
 */
export const testPackages = [
  { name: 'chromium', reason: 'run the browser tests' },
  { name: 'coturn', reason: 'relay a call in the tests' },
  { name: 'gcc', reason: 'compile the library that delays and fails disk writes in the tests' },
  { name: 'libc6-dev', reason: 'compile the library that delays and fails disk writes in the tests' },
  { name: 'iproute2', reason: 'call from a second network namespace in the tests' },
  { name: 'redis-server', reason: 'run the cluster tests on a real Redis' },
  { name: 'procps', reason: 'count the workers of a server in the tests' },
];
