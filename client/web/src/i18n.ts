/**
 * Owns how the texts are loaded: English, or the pseudo-locale by which tests find text that is not translated.
 * Does not own the texts: locales/.
 */
import { createInstance, type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import english from './locales/en.json';

/** The language that the address asks for (`?lang=pseudo`), else English. */
export function languageOf(search: string): 'en' | 'pseudo' {
  return new URLSearchParams(search).get('lang') === 'pseudo' ? 'pseudo' : 'en';
}

/** Makes the translator; English is part of the app, so the first picture waits for nothing. */
export async function createTranslator(language: 'en' | 'pseudo'): Promise<i18n> {
  const translation =
    language === 'pseudo' ? (await import('./locales/pseudo.ts')).pseudoLocale(english) : english;
  const translator = createInstance();
  translator.use(initReactI18next);
  // Plural rules are English's in the pseudo-locale too.
  await translator.init({
    lng: 'en',
    resources: { en: { translation } },
    interpolation: { escapeValue: false },
  });
  return translator;
}
