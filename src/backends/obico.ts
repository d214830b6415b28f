// Obico's detector, the ml_api of a server of one's own: it fetches a picture from us and says what it sees where.
import type { KeyValues } from '../core/keys.ts';
import type { Backend } from '../core/ports.ts';
import type { Assessment } from '../core/types.ts';
import type { BackendDeps } from './deps.ts';
import { createMlApi } from './obico-api.ts';
import type { obicoKeys } from './obico-keys.ts';
import { regionsOf, scoreOf } from './obico-messages.ts';
import { pictureSize, squarePicture } from './obico-picture.ts';
import { pictureLifeMs } from './one-time-pictures.ts';
import { createPacedCalls } from './paced-calls.ts';
import { blankPicture } from './picture-tensor.ts';

/** The settings of the section, and a limit that only tests change. */
export interface ObicoOptions extends KeyValues<typeof obicoKeys> {
  /** Ms for one judgement; 30,000, as long as the picture can be fetched. */
  readonly timeoutMs?: number;
}

const name = 'obico';

/**
 * The Obico backend. It only scores; `neutral` is 0.38 unless set, the value below which Obico's own rule never calls a print
 * failing. Nothing is kept over a restart, and nothing is paid for.
 * Codes: those of http-errors.ts and BACKEND_BAD_FRAME.
 */
export function createObico(options: ObicoOptions, deps: BackendDeps): Backend {
  const { minIntervalMs, neutral } = options;
  const api = createMlApi({ ...options, timeoutMs: options.timeoutMs ?? pictureLifeMs }, deps);
  const paced = createPacedCalls({ name, intervalMs: minIntervalMs }, deps.clock);

  const judge = async (jpeg: Uint8Array, signal: AbortSignal): Promise<Assessment> => {
    const detections = await api.judge(await squarePicture(jpeg), signal);
    return {
      backend: name,
      score: scoreOf(detections),
      quality: null,
      suggests: null,
      neutral,
      regions: regionsOf(detections),
      calls: 0,
      nextInMs: minIntervalMs,
    };
  };

  return {
    name,
    readyInMs: paced.readyInMs,
    assess: ({ jpeg }, _job, signal) => paced.make(() => judge(jpeg, signal), signal),
    confirm: async (signal) => {
      await api.checkHealth(signal);
      // The whole way, for that is where most can be wrong: the token, and whether the ml_api finds us.
      await api.judge((await blankPicture(pictureSize)).jpeg, signal);
      paced.forgive();
      return 'The ml_api fetches pictures from this host and judges them.';
    },
  };
}
