// A running watch over stand-ins for its parts, for tests of the loop and of what talks to it.
import { createAnnouncer } from '../../src/app/announce.ts';
import { createPerformer } from '../../src/app/perform.ts';
import { createWatch, type WatchOptions } from '../../src/app/watch.ts';
import type { Print } from '../../src/core/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aBackend, aCamera, aChannel, aJob, aPrinter, aRecorder, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

/** A print that runs. */
export const printing: Print = { kind: 'printing', job: aJob(), pauseFlag: 'none' };

/** Usual settings. */
export const watchOptions: WatchOptions = {
  onFailure: 'pause',
  resumeMuteMs: 300_000,
  ignore: [],
  blindAfterMs: 300_000,
  busyLoad: 1.5,
  isEnabled: true,
  startAfterMs: 0,
  intervalMs: 10_000,
  evidence: { warnAfterMs: 30_000, failAfterMs: 90_000, sensitivity: 'medium', intervalMs: 10_000 },
};

/** Starts a watch; `end` stops it. */
export function startWatch(print: Print = printing, store = aStore(), over: Partial<WatchOptions> = {}) {
  const clock = createFakeClock();
  const printer = aPrinter(print);
  const camera = aCamera();
  const backend = aBackend();
  const channel = aChannel();
  const recorder = aRecorder();
  const log = createQuietLog();
  const own = { load: 0.2 };
  const stop = new AbortController();
  const watch = createWatch(
    { ...watchOptions, ...over },
    {
      printer,
      camera,
      backend,
      store,
      recorder,
      clock,
      log,
      random: () => 0.5,
      ownLoad: () => own.load,
      bootId: 'boot',
      perform: (hear, saved) =>
        createPerformer(
          { printer, backend, announcer: createAnnouncer([channel], log), clock, log, failureGcode: '' },
          hear,
          saved,
        ),
    },
  );
  const running = watch.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  return { clock, printer, camera, backend, channel, recorder, log, own, watch, end, store };
}
