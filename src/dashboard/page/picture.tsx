// The live picture, with what was found and what is ignored drawn over it. Nothing is fetched while nobody can see it.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Area } from '../../core/regions.ts';
import type { Region } from '../../core/types.ts';
import { ApiError, fetchPicture } from './api.ts';

interface Shown {
  readonly url: string;
  readonly atMs: number;
}

const everyMs = 1_000;
const afterFaultMs = 4_000;

/** The newest picture, one a second; null before the first. `problem` says why there is none. */
export function usePicture(isWanted: boolean): { readonly shown: Shown | null; readonly problem: string } {
  const [shown, setShown] = useState<Shown | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (!isWanted) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let url = '';
    const turn = async () => {
      if (document.hidden) return;
      const startedMs = Date.now();
      let waitMs = everyMs;
      try {
        const { blob, atMs } = await fetchPicture(gone.signal);
        const old = url;
        url = URL.createObjectURL(blob);
        setShown({ url, atMs });
        setProblem('');
        // The old one stays until the new one has been painted.
        if (old !== '') setTimeout(() => URL.revokeObjectURL(old), everyMs);
      } catch (error) {
        if (gone.signal.aborted) return;
        setProblem(error instanceof ApiError ? error.message : String(error));
        waitMs = afterFaultMs;
      }
      timer = setTimeout(turn, Math.max(100, waitMs - (Date.now() - startedMs)));
    };
    const onVisible = () => {
      clearTimeout(timer);
      void turn();
    };
    void turn();
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
      if (url !== '') URL.revokeObjectURL(url);
    };
  }, [isWanted]);
  return { shown, problem };
}

/** Regions and areas over a picture. */
export function Overlay(props: { readonly regions: readonly Region[]; readonly masks: readonly Area[] }) {
  return (
    <svg class="overlay" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      {props.masks.map((area) => (
        <polygon class="mask" points={area.map(({ x, y }) => `${x},${y}`).join(' ')} />
      ))}
      {props.regions.map(({ x1, y1, x2, y2, score }) => (
        <rect class={score >= 0.5 ? 'found sure' : 'found'} x={x1} y={y1} width={x2 - x1} height={y2 - y1} />
      ))}
    </svg>
  );
}

/** The picture in its frame. */
export function Picture(props: {
  readonly shown: Shown | null;
  readonly problem: string;
  readonly alt: string;
  readonly children?: ComponentChildren;
}) {
  const { shown, problem, alt, children } = props;
  const [aspect, setAspect] = useState(16 / 9);
  const measure = ({ currentTarget }: Event) => {
    const { naturalWidth, naturalHeight } = currentTarget as HTMLImageElement;
    if (naturalHeight > 0) setAspect(naturalWidth / naturalHeight);
  };
  return (
    <div class={shown === null ? 'picture empty' : 'picture'} style={{ '--aspect': String(aspect) }}>
      {shown !== null && <img src={shown.url} alt={alt} onLoad={measure} />}
      {children}
      {shown === null && (
        <p class="no-picture">{problem === '' ? 'Waiting for the camera' : `No picture: ${problem}`}</p>
      )}
      {shown !== null && problem !== '' && <p class="picture-note">This is the last picture: {problem}</p>}
    </div>
  );
}
