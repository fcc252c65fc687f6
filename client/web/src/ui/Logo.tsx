/**
 * Owns the mark of the product: two turns of a talk that meet. Does not own the name beside it.
 */

/** The mark, 1em wide unless styled; decoration only, the name stands in text. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg className={className} viewBox="0 0 32 32" width="1em" height="1em" aria-hidden="true">
      <path className="logo-one" d="M2 13C2 6.9 6.9 2 13 2s11 4.9 11 11-4.9 11-11 11H4a2 2 0 0 1-2-2z" />
      <path
        className="logo-two"
        d="M30 20.5c0 5.2-4.3 9.5-9.5 9.5S11 25.7 11 20.5 15.3 11 20.5 11H28a2 2 0 0 1 2 2z"
      />
      <path
        className="logo-meeting"
        d="M20.5 11c-5.2 0-9.5 4.3-9.5 9.5 0 1.2.2 2.3.6 3.4.5.1.9.1 1.4.1 6.1 0 11-4.9 11-11 0-.7-.1-1.3-.2-2z"
      />
    </svg>
  );
}
