/**
 * Owns the look of a message that names a cause and what to do. Does not own the texts.
 */
import { CircleAlert, Info } from 'lucide-react';
import type { ReactNode } from 'react';

/** A cause and its mend. Announced when it appears: at once for errors, in a pause for the rest. */
export function Notice({
  tone,
  title,
  body,
  children,
}: {
  tone: 'error' | 'info';
  title: string;
  body: string;
  children?: ReactNode;
}) {
  const Icon = tone === 'error' ? CircleAlert : Info;
  return (
    <div className="notice" data-tone={tone} role={tone === 'error' ? 'alert' : 'status'}>
      <Icon aria-hidden="true" />
      <div>
        <strong>{title}</strong>
        <p>{body}</p>
        {children}
      </div>
    </div>
  );
}
