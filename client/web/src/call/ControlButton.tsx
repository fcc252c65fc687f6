/**
 * Owns one round control: icon, name, tip, badge. Its accessible name is the label alone, whatever badge it carries.
 */
import { type ReactNode, useId } from 'react';
import { Tip } from '../ui/Tip.tsx';

/** A control of the call. */
export function ControlButton({
  label,
  icon,
  shortcut,
  tone,
  open,
  badge = 0,
  count,
  warning = false,
  busy = false,
  description,
  onClick,
}: {
  label: string;
  icon: ReactNode;
  shortcut?: string;
  /** off: the device is off; active: something is going on; leave: ends the call. */
  tone?: 'off' | 'active' | 'leave' | undefined;
  /** For controls that open a panel. */
  open?: boolean;
  /** Things waiting; 0 shows none. */
  badge?: number;
  /** A plain number beside the icon. */
  count?: number;
  warning?: boolean;
  busy?: boolean;
  /** What a badge or warning means, for screen readers. */
  description?: string | undefined;
  onClick: () => void;
}) {
  const descriptionId = useId();
  return (
    <Tip text={label} {...(shortcut !== undefined && { shortcut })}>
      <button
        type="button"
        className="control"
        data-tone={tone}
        data-busy={busy}
        aria-label={label}
        aria-expanded={open}
        aria-describedby={description && descriptionId}
        aria-keyshortcuts={shortcut?.toUpperCase()}
        onClick={onClick}
      >
        {icon}
        {/* Drawn by the style sheet: as text they would be a part of what the button is called. */}
        {count !== undefined && <span className="control-count" data-text={count} />}
        {badge > 0 && <span className="control-badge" data-text={badge > 99 ? '99+' : badge} />}
        {warning && <span className="control-warning" data-text="!" />}
        {description && (
          <span id={descriptionId} className="visually-hidden">
            {description}
          </span>
        )}
      </button>
    </Tip>
  );
}
