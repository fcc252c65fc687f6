/**
 * Owns unstyled parts that show or play media: a video, a sound, the sounds of everybody else.
 * Does not own layout, names or texts.
 */
import {
  type ComponentProps,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
  useState,
} from 'react';
import { useCallSelector } from './callContext.tsx';
import { sameItems } from './equality.ts';

/**
 * Attaches a track to a media element and plays it; takes it off when the track goes.
 * @param onBlocked told when the browser refuses to play before the person has touched the page.
 */
export function useMediaTrack(
  element: RefObject<HTMLMediaElement | null>,
  track: MediaStreamTrack | null | undefined,
  onBlocked?: () => void,
): void {
  useEffect(() => {
    const target = element.current;
    if (!target || !track) return;
    target.srcObject = new MediaStream([track]);
    let current = true;
    target.play().catch((error: unknown) => {
      // AbortError only says that the track was replaced meanwhile.
      if (current && error instanceof DOMException && error.name === 'NotAllowedError') onBlocked?.();
    });
    return () => {
      current = false;
      target.srcObject = null;
    };
  }, [element, track, onBlocked]);
}

/** A silent `<video>` that shows a track; without one it is hidden, but stays in place. */
export function VideoTrack({
  track,
  ...props
}: { track: MediaStreamTrack | null | undefined } & Omit<ComponentProps<'video'>, 'ref'>) {
  const element = useRef<HTMLVideoElement>(null);
  useMediaTrack(element, track);
  return <video {...props} ref={element} muted playsInline autoPlay hidden={!track} />;
}

/** An invisible `<audio>` that plays a track on an output device (`sinkId`; undefined or empty: the default one). */
export function AudioTrack({
  track,
  sinkId,
  onBlocked,
}: {
  track: MediaStreamTrack;
  sinkId?: string | undefined;
  onBlocked?: () => void;
}) {
  const element = useRef<HTMLAudioElement>(null);
  useMediaTrack(element, track, onBlocked);
  useEffect(() => {
    const target = element.current;
    if (!target || sinkId === undefined || !('setSinkId' in target)) return;
    // A device that was unplugged: the sound stays where it was.
    target.setSinkId(sinkId).catch(() => undefined);
  }, [sinkId]);
  // biome-ignore lint/a11y/useMediaCaption: live speech has no caption file
  return <audio ref={element} autoPlay />;
}

/**
 * Plays what all others say and share. Where the browser waits for a touch first, `renderBlocked` shows the way out:
 * it gets the function to be called from a click.
 */
export function RemoteAudio({
  sinkId,
  renderBlocked,
}: {
  sinkId?: string | undefined;
  renderBlocked: (resume: () => void) => ReactNode;
}) {
  const tracks = useCallSelector(
    (snapshot) =>
      snapshot.participants
        .filter((participant) => !participant.isLocal)
        .flatMap(({ media }) => [media.mic?.track, media.screenAudio?.track])
        .filter((track): track is MediaStreamTrack => track !== null && track !== undefined),
    sameItems,
  );
  const [blocked, setBlocked] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const resume = () => {
    setBlocked(false);
    for (const element of container.current?.querySelectorAll('audio') ?? []) {
      element.play().catch(onBlocked);
    }
  };
  return (
    <>
      <div ref={container} hidden>
        {tracks.map((track) => (
          <AudioTrack key={track.id} track={track} sinkId={sinkId} onBlocked={onBlocked} />
        ))}
      </div>
      {blocked && renderBlocked(resume)}
    </>
  );
}
