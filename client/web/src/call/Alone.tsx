/**
 * Owns what the first one in a call is told. Does not own the link.
 */
import { useTranslation } from 'react-i18next';
import { roomUrl } from '../app/route.ts';
import { CopyLink } from '../ui/CopyLink.tsx';

/** An invitation to invite. */
export function Alone({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const url = roomUrl(roomId);
  return (
    <aside className="alone" aria-labelledby="alone-title">
      <h2 id="alone-title">{t('call.alone.title')}</h2>
      <p>{t('call.alone.body')}</p>
      <p className="alone-link">{url}</p>
      <CopyLink url={url} className="button alone-copy" />
    </aside>
  );
}
