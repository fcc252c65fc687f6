/**
 * Owns what is shown when the app itself breaks, or a part of it does not load: a way back instead of a white page.
 * Does not own expected failures: those have codes and texts of their own.
 */
import { Component, type ReactNode } from 'react';
import { MessagePage } from './MessagePage.tsx';

/** Catches what its children throw while rendering. */
export class CrashBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <MessagePage kind="crash" /> : this.props.children;
  }
}
