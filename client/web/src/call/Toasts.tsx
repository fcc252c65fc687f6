/**
 * Owns short notices that go by themselves: a host muted you, something did not work. Does not own lasting states (Banners).
 */
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';

const SHOWN_MS = 6_000;

const NotifyContext = createContext<(text: string) => void>(() => undefined);

/** Shows a short notice. The function stays the same for the life of the call. */
export const useNotify = (): ((text: string) => void) => useContext(NotifyContext);

/** Makes `useNotify` work below it and shows the notices. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly { readonly id: number; readonly text: string }[]>([]);
  const lastId = useRef(0);
  const notify = useCallback((text: string) => {
    lastId.current += 1;
    const id = lastId.current;
    setToasts((now) => [...now.filter((toast) => toast.text !== text), { id, text }]);
    setTimeout(() => setToasts((now) => now.filter((toast) => toast.id !== id)), SHOWN_MS);
  }, []);
  return (
    <NotifyContext value={notify}>
      {children}
      <div className="toasts" role="status">
        {toasts.map(({ id, text }) => (
          <p key={id} className="toast">
            {text}
          </p>
        ))}
      </div>
    </NotifyContext>
  );
}
