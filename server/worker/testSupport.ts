/**
 * Owns what the worker's unit tests share: temporary folders, stand-in binaries, archives and a loopback release server.
 * Holds no assertions.
 */
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Reporter } from './report.mjs';
import { checkStarts, type Verification } from './verify.mjs';

/** Exits as the real worker does when started without its version in the environment: enough to pass `checkStarts`. */
export const startingWorker = '#!/bin/sh\nexit 41\n';

/** Removed when the test ends. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-worker-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function writeExecutable(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

/** A gzipped tar with one file, laid out as mediasoup's release archives are. */
export function archiveWith(name: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000755\0', 100);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('ustar\0', 257);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return gzipSync(Buffer.concat([header, body, padding, Buffer.alloc(1024)]));
}

/** A loopback HTTP server; closed, hanging requests included, when the test ends. */
export async function releaseServer(answer: RequestListener): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

/** Keeps what would have been shown. */
export function recordingReporter(): Reporter & { lines: string[] } {
  const lines: string[] = [];
  return { lines, say: (line) => lines.push(line), progress: () => undefined };
}

/** The part of the check that a stand-in binary can pass. */
export async function verifyStart(path: string): Promise<Verification> {
  await checkStarts(path);
  return { level: 'transport', detail: 'it starts' };
}
