// The one way in for everything that people and programs ask of us: macros, agents' requests, the dashboard, all through `call`.
import * as v from 'valibot';
import type { ControlAnswer, SnapshotAnswer } from '../core/control.ts';
import { ControlError } from '../core/errors.ts';
import { allAnswers, type Frame } from '../core/types.ts';
import { type CheckDeps, checkNow } from './check-now.ts';
import { answerIncident } from './control-answers.ts';
import { flagArgument, incidentArgument, readArguments, wordArgument } from './control-arguments.ts';
import { act, mute, muteArguments, switchWatching, unmute, watchArguments } from './control-commands.ts';
import {
  incidentAnswer,
  incidentArguments,
  incidentsAnswer,
  incidentsArguments,
  type RecordsView,
} from './control-records.ts';
import { statusAnswer } from './control-status.ts';
import type { Watch } from './watch.ts';

/** What control works with. */
export interface ControlDeps extends CheckDeps {
  readonly watch: Pick<Watch, 'status' | 'lookSoon' | 'onChange' | 'lastFrame' | 'answer' | 'command'>;
  readonly records: RecordsView;
  readonly version: string;
  /** Where the last picture can be seen; null while the dashboard is off. */
  readonly pictureUrl: string | null;
}

/** The way in. */
export interface Control {
  /** Names of all methods, without a prefix. */
  readonly methods: readonly string[];
  /**
   * Carries out one request. `params` is untrusted.
   * @param through how it came in, for the record: `agent`, `macro`, `dashboard`
   * @returns JSON, never null
   * @throws ControlError; what the method itself throws; the signal's reason
   */
  call(method: string, params: unknown, through: string, signal: AbortSignal): Promise<ControlAnswer>;
}

/** Base64 of this many bytes is 1.4 MB: what Moonraker can hand on without being late for Klipper. */
const maxPictureBytes = 1024 * 1024;

interface Method {
  run(params: unknown, through: string, signal: AbortSignal): Promise<ControlAnswer>;
}

/** Makes the way in. */
export function createControl(deps: ControlDeps): Control {
  const { watch, clock } = deps;
  let checking: Promise<ControlAnswer> | null = null;

  const methods = new Map<string, Method>([
    method('status', v.strictObject({}), async () =>
      statusAnswer(watch.status(), deps.records.health, deps.version, clock.now()),
    ),
    method(
      'snapshot',
      v.strictObject({
        image: v.nullish(flagArgument, false),
        fresh: v.nullish(flagArgument, false),
      }),
      async ({ image, fresh }, _through, signal) => {
        const frame = fresh ? await deps.camera.grab(signal) : watch.lastFrame();
        if (frame === null) throw notFound('no picture has been taken yet', 'Ask for a fresh one: fresh=1.');
        return snapshotAnswer(frame, image, deps.pictureUrl);
      },
    ),
    method('check', v.strictObject({}), (_args, _through, signal) => {
      if (checking !== null) throw notNow('another check is under way');
      const check = checkNow(deps, signal).finally(() => {
        checking = null;
      });
      checking = check;
      return check;
    }),
    method(
      'answer',
      v.strictObject({
        answer: wordArgument(allAnswers),
        incident_id: v.nullish(incidentArgument, null),
      }),
      ({ answer, incident_id: id }, through) => answerIncident(deps, { answer, id }, through),
    ),
    method('mute', muteArguments, async (args, through) => mute(watch, args, through)),
    method('unmute', v.strictObject({}), async (_args, through) => unmute(watch, through)),
    method('watch', watchArguments, async ({ enable }, through) => switchWatching(watch, enable, through)),
    ...(['pause', 'resume', 'cancel'] as const).map((kind) =>
      method(kind, v.strictObject({}), async (_args, through) => act(watch, kind, through)),
    ),
    method('incidents', incidentsArguments, ({ limit }) => incidentsAnswer(deps.records, limit)),
    method('incident', incidentArguments, async ({ incident_id: id }) => {
      const answer = await incidentAnswer(deps.records, id);
      if (answer !== null) return answer;
      throw notFound(`there is no incident ${id}`, 'lookout.incidents lists them.');
    }),
  ]);

  return {
    methods: [...methods.keys()],
    call: async (name, params, through, signal) => {
      const found = methods.get(name);
      if (found === undefined) throw unknownMethod(name, [...methods.keys()]);
      return found.run(params, through, signal);
    },
  };
}

function method<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  run: (args: v.InferOutput<Schema>, through: string, signal: AbortSignal) => Promise<ControlAnswer>,
): [string, Method] {
  const read = (params: unknown) => readArguments(name, schema, params);
  return [name, { run: async (params, through, signal) => run(read(params), through, signal) }];
}

function snapshotAnswer(frame: Frame, isWithImage: boolean, url: string | null): SnapshotAnswer {
  const { camera, width, height, jpeg, atMs } = frame;
  if (isWithImage && jpeg.length > maxPictureBytes) {
    const where = url === null ? 'Lower max_height in [camera].' : `See it at ${url}.`;
    throw notNow(`the picture has ${jpeg.length} bytes, at most ${maxPictureBytes} are sent this way`, where);
  }
  return {
    text: `Lookout: ${camera}, ${width} x ${height}${url === null ? '' : `, ${url}`}.`,
    ...{ camera, width, height, url },
    at: Math.round(atMs) / 1000,
    bytes: jpeg.length,
    jpeg_base64: isWithImage ? Buffer.from(jpeg).toString('base64') : null,
  };
}

function unknownMethod(name: string, names: readonly string[]): ControlError {
  return new ControlError(`there is no method "${name.slice(0, 60)}"; there are: ${names.join(', ')}`, {
    code: 'CONTROL_UNKNOWN_METHOD',
    retry: 'never',
    hint: 'docs/api.md describes them.',
  });
}

function notFound(message: string, hint: string): ControlError {
  return new ControlError(message, { code: 'CONTROL_NOT_FOUND', retry: 'never', hint });
}

function notNow(message: string, hint = ''): ControlError {
  return new ControlError(message, { code: 'CONTROL_NOT_NOW', retry: 'soon', hint });
}
