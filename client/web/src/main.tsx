/**
 * Owns the start of the app: token out of the address first, then texts, then the first picture.
 * Does not own pages: app/App.tsx.
 */
import '@fontsource-variable/figtree/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/avatar.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { App } from './app/App.tsx';
import { CrashBoundary } from './app/CrashBoundary.tsx';
import { startOverWithToken, takeEntryToken } from './app/entryToken.ts';
import { createTranslator, languageOf } from './i18n.ts';

const entryToken = takeEntryToken();
addEventListener('hashchange', startOverWithToken);
const translator = await createTranslator(languageOf(location.search));
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <I18nextProvider i18n={translator}>
        <CrashBoundary>
          <App entryToken={entryToken} />
        </CrashBoundary>
      </I18nextProvider>
    </StrictMode>,
  );
}
