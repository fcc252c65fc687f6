/**
 * Owns the button that keeps a tile large, whoever speaks. Does not own what is pinned (Stage).
 */
import { Pin, PinOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Tip } from '../ui/Tip.tsx';

/** Pins a tile, or lets it go. `name`: the tile's. */
export function PinButton({ name, pinned, onPin }: { name: string; pinned: boolean; onPin: () => void }) {
  const { t } = useTranslation();
  const label = pinned ? t('call.unpin', { name }) : t('call.pin', { name });
  const Icon = pinned ? PinOff : Pin;
  return (
    <Tip text={label}>
      <button type="button" className="tile-pin" data-pinned={pinned} aria-label={label} onClick={onPin}>
        <Icon aria-hidden="true" />
      </button>
    </Tip>
  );
}
