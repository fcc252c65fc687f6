/**
 * Owns the compressed twins (`.br`, `.gz`) of the built files: made once at build, so that serving them costs nothing.
 * Does not own who gets which: the server's http folder chooses by Accept-Encoding.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(js|css|svg|json|webmanifest)$/;
/** Below this a header weighs more than what is saved. */
const MIN_BYTES = 1024;

const encoders = [
  ['.br', promisify(brotliCompress)],
  ['.gz', (content: Buffer) => promisify(gzip)(content, { level: 9 })],
] as const;

/** The Vite plugin. The page itself is left out: the server makes it anew for each address. */
export function precompress(): Plugin {
  return {
    name: 'parley-precompress',
    apply: 'build',
    async writeBundle({ dir = 'dist' }, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        const content = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        if (!COMPRESSIBLE.test(name) || content.length < MIN_BYTES) continue;
        for (const [ending, compress] of encoders) {
          await writeFile(join(dir, `${name}${ending}`), await compress(content));
        }
      }
    },
  };
}
