/**
 * Owns what stands for a person without a picture: letters and a colour. Does not own how it is drawn.
 */

/** How many colours styles/avatar.css has. */
export const AVATAR_COLOURS = 8;

/** Up to two letters that stand for a name: first and last word, in any script. Empty for an empty name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toLocaleUpperCase();
}

/** The colour of a person (0 to 7); the same one on every screen. */
export function colourIndexOf(id: string): number {
  let hash = 0;
  for (const char of id) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % AVATAR_COLOURS;
}
