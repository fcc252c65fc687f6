/**
 * Owns the picture on the start page: a call as four shapes that listen to the one that speaks. Decoration only.
 */

const PEOPLE = ['a', 'b', 'c', 'd'] as const;

/** A still life of a call. Hidden from assistive technology: it says nothing that the text does not. */
export function Illustration() {
  return (
    <div className="still-life" aria-hidden="true">
      {PEOPLE.map((person) => (
        <svg
          key={person}
          aria-hidden="true"
          className={`still-person still-${person}`}
          viewBox="0 0 160 120"
          preserveAspectRatio="xMidYMax slice"
        >
          <rect className="still-back" width="160" height="120" />
          <circle className="still-sun" cx="122" cy="26" r="34" />
          <path className="still-body" d="M26 120c0-34 24-52 54-52s54 18 54 52z" />
          <circle className="still-head" cx="80" cy="50" r="26" />
          <path className="still-hair" d={HAIR[person]} />
        </svg>
      ))}
      <span className="still-wave">
        <i />
        <i />
        <i />
        <i />
      </span>
    </div>
  );
}

const HAIR: Record<(typeof PEOPLE)[number], string> = {
  a: 'M54 50c-2-22 12-32 27-32 17 0 28 12 25 31-7-3-10-9-11-15-9 8-24 9-33 7-4 2-7 5-8 9z',
  b: 'M52 74c-6-36 6-56 28-56s34 20 28 56c-5 4-10 2-11-4 4-12 3-22-2-30-12 5-24 5-33 2-4 8-4 18-1 28-1 6-5 8-9 4z',
  c: 'M55 46c0-18 11-27 25-27s25 9 25 27c-4-7-9-11-15-12H70c-7 1-12 5-15 12z',
  d: 'M53 48c-6-14 4-32 27-32 11-6 34 6 28 32-5-10-12-13-18-13-8 6-16 6-22 2-6 2-11 5-15 11z',
};
