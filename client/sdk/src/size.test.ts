/**
 * Owns the limits on the SDK's bundle: its size, and that a page with a strict Content-Security-Policy can run it.
 */
import { build, type Rollup } from 'vite';
import { expect, test } from 'vitest';

const LIMIT_BYTES = 120 * 1024;

async function gzipBytes(text: string): Promise<number> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return (await new Response(packed).arrayBuffer()).byteLength;
}

test('the bundle, mediasoup-client and all, stays within 120 KB gzip and never evaluates text', async () => {
  const root = new URL('..', import.meta.url).pathname;
  const output = await build({ root, logLevel: 'silent', build: { write: false, sourcemap: false } });
  const [bundle] = (output as Rollup.RollupOutput[])[0]?.output ?? [];
  if (!bundle) throw new Error('no bundle');
  expect(await gzipBytes(bundle.code)).toBeLessThanOrEqual(LIMIT_BYTES);
  expect(bundle.code).not.toMatch(/\beval\(|new Function\(|\bFunction\(/);
}, 120_000);
