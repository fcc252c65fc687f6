/**
 * Owns the pseudo-locale: every text with brackets around it and accents on its letters, a third longer.
 * What shows up without brackets is a bare string; what is cut off has no room for German. Does not own real languages.
 */

/** Texts by key, nested. */
export interface Texts {
  readonly [key: string]: string | Texts;
}

const ACCENTS: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ó',
  u: 'ú',
  A: 'Á',
  E: 'É',
  I: 'Í',
  O: 'Ó',
  U: 'Ú',
  c: 'ç',
  n: 'ñ',
};

/** One text in the pseudo-locale; placeholders like {{name}} stay as they are. */
export function pseudoText(text: string): string {
  const accented = text
    .split(/(\{\{[^}]*\}\})/)
    .map((part) =>
      part.startsWith('{{') ? part : [...part].map((letter) => ACCENTS[letter] ?? letter).join(''),
    )
    .join('');
  return `⟦${accented}${'·'.repeat(Math.ceil(text.length / 3))}⟧`;
}

/** All texts in the pseudo-locale, with the same keys. */
export function pseudoLocale(texts: Texts): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([key, value]) => [
      key,
      typeof value === 'string' ? pseudoText(value) : pseudoLocale(value),
    ]),
  );
}
