/**
 * Owns what stands for a person without a picture: initials on a colour of their own. Decoration: the name stands beside it.
 */
import { UserRound } from 'lucide-react';
import { colourIndexOf, initialsOf } from './avatarLook.ts';

/** Fills its place; the letters grow with it. Nobody in particular while the name is empty. */
export function Avatar({ id, name }: { id: string; name: string }) {
  return (
    <div className="avatar" data-colour={colourIndexOf(id)} aria-hidden="true">
      <span>{initialsOf(name) || <UserRound />}</span>
    </div>
  );
}
