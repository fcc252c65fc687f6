/**
 * Owns the mark and name of the product as a link to the start page. Does not own where it stands.
 */
import { useTranslation } from 'react-i18next';
import { Logo } from './Logo.tsx';

/** Mark and name, leading to the start page. */
export function Brand() {
  const { t } = useTranslation();
  return (
    <a className="brand" href="/">
      <Logo />
      {t('app.name')}
    </a>
  );
}
