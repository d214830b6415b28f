// The state of the printer as the page knows it, and a clock that goes with the host's.
import { useEffect, useState } from 'preact/hooks';
import type { PrinterState, SessionFacts, Track } from '../view.ts';
import { ApiError, get, listen, openSession } from './api.ts';

/** What the page knows. */
export interface Live {
  readonly session: SessionFacts | null;
  readonly state: PrinterState | null;
  readonly track: Track | null;
  readonly isConnected: boolean;
  /** This browser's clock less the host's, ms. */
  readonly aheadMs: number;
  /** Starts over, after a login. */
  readonly again: () => void;
}

/** Follows the printer for as long as the page is open. */
export function useLive(wantsTrack: boolean): Live {
  const [round, setRound] = useState(0);
  const [session, setSession] = useState<SessionFacts | null>(null);
  const [state, setState] = useState<PrinterState | null>(null);
  const [track, setTrack] = useState<Track | null>(null);
  const [isConnected, setConnected] = useState(true);
  const [aheadMs, setAhead] = useState(0);

  useEffect(() => {
    let stop = () => {};
    let isOver = false;
    const renewTrack = () => {
      if (!wantsTrack || document.hidden) return;
      get<Track>('/api/v1/track').then(setTrack, () => {});
    };
    const begin = async () => {
      // A new round starts all over.
      void round;
      const opened = await openSession();
      if (isOver) return;
      setSession(opened);
      if (opened.token === null) return;
      renewTrack();
      stop = listen({
        onState: (next) => {
          setAhead(Date.now() - next.nowMs);
          setState(next);
        },
        onTrack: renewTrack,
        onConnected: setConnected,
      });
    };
    const retry = () => {
      begin().catch((error: unknown) => {
        if (isOver) return;
        setConnected(false);
        if (error instanceof ApiError) setTimeout(retry, 3_000);
      });
    };
    retry();
    document.addEventListener('visibilitychange', renewTrack);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', renewTrack);
      stop();
    };
  }, [round, wantsTrack]);

  return { session, state, track, isConnected, aheadMs, again: () => setRound(round + 1) };
}

/** The host's time, renewed each second while the page is visible. */
export function useHostTime(aheadMs: number): number {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  return nowMs - aheadMs;
}
