/**
 * Owns reading a `.env` file: nothing in it is dropped without a word.
 * Does not own which settings there are (config.ts).
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** What a `.env` file says. */
export interface EnvFile {
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** One line each; they never repeat what the file says, which may be a secret. */
  readonly problems: string[];
}

/** Reads a `.env` file; no file says nothing. */
export function readEnvFile(path: string): EnvFile {
  try {
    // Some editors put a byte order mark first, which Node would take for a part of the first name.
    const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
    const problems = strayLines(text).map((line) => `${path}, line ${line}: must have the form NAME=value`);
    return { settings: parseEnv(text), problems };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return { settings: {}, problems: code === 'ENOENT' ? [] : [`${path}: cannot be read (${code})`] };
  }
}

/**
 * Numbers of the lines that Node would skip without a word, or read under a name that nobody sees: neither a setting, nor
 * a comment, nor inside quotes. Blanks are spaces and tabs only, as for Node: any other (a no-break space, a byte order
 * mark in the middle) becomes a part of the name.
 */
function strayLines(envText: string): number[] {
  const withoutQuoted = envText.replace(
    /=[ \t]*(["'`])[\s\S]*?\1/g,
    (quoted) => `=${quoted.replace(/[^\n]/g, '')}`,
  );
  return withoutQuoted
    .split(/\r?\n/)
    .flatMap((line, index) => (/^[ \t]*(#|$|(export[ \t]+)?[\w.-]+[ \t]*=)/.test(line) ? [] : [index + 1]));
}
