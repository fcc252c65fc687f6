/**
 * Owns the types of what Vite resolves (style sheets, pictures, JSON) and of the translation keys.
 * Does not own the texts: locales/.
 */
/// <reference types="vite/client" />
import type english from './locales/en.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof english };
  }
}
