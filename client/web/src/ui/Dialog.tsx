/**
 * Owns modal dialogs: the browser's own element, which keeps focus inside, closes on Escape and hides the rest.
 * Does not own what is in them.
 */
import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef } from 'react';

/**
 * A modal dialog that is open while it is mounted.
 * @param onClose asked for by Escape or a click beside it; the owner unmounts the dialog.
 * @param returnFocus gets the focus afterwards: what had it before may be gone (an item of a menu).
 */
export function Dialog({
  title,
  onClose,
  returnFocus,
  children,
}: {
  title: string;
  onClose: () => void;
  returnFocus?: RefObject<HTMLElement | null> | undefined;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      returnFocus?.current?.focus();
    };
  }, [returnFocus]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key for it, by onCancel
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The backdrop is the element itself; everything inside lies in the body.
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="dialog-body">
        <h2 id={titleId} className="dialog-title">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
