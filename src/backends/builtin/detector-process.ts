// One process of the detector from its start to its end: asked one thing at a time, and killed when it does not answer.
import { type ChildProcess, fork } from 'node:child_process';
import * as v from 'valibot';
import { BackendError } from '../../core/errors.ts';
import { type DetectorRequest, failedSchema } from './messages.ts';
import { processArguments, processFile } from './places.ts';

/** A running process. */
export interface DetectorProcess {
  readonly pid: number | null;
  /** Why it ended; null while it runs. */
  readonly ended: BackendError | null;
  /**
   * Sends one request and waits for its answer; never two at once.
   * @param schema of the answer that is hoped for
   * @throws BackendError what the process says; BACKEND_TIMEOUT after `limitMs`, and the process is killed;
   * BACKEND_UNREACHABLE when it ends meanwhile
   */
  ask<Answer>(
    request: DetectorRequest,
    schema: v.GenericSchema<unknown, Answer>,
    limitMs: number,
  ): Promise<Answer>;
  /** Ends it at once; it has nothing to lose. */
  kill(): void;
}

/** Enough for the tensors of pictures as text of JavaScript's own; the weights are not part of it. MiB. */
const heapMb = 96;
const maxTold = 500;
/** All that goes in: nothing of ours. */
const environment = {
  // From 1.29 on ONNX Runtime otherwise keeps an id in the home folder and tells its makers of each model that is run.
  ORT_DISABLE_TELEMETRY: '1',
  // One thread decodes.
  UV_THREADPOOL_SIZE: '1',
  // For glibc: what the model needs for one picture goes back to the system after it, which is 20 MB.
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '262144',
};

/** Starts the process. It inherits neither keys nor settings of ours. */
export function startDetectorProcess(): DetectorProcess {
  const child: ChildProcess = fork(processFile, [], {
    env: environment,
    execArgv: [
      ...processArguments,
      ...[`--max-old-space-size=${heapMb}`, '--max-semi-space-size=1', '--expose-gc'],
    ],
    // Pictures travel as bytes, not as JSON.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // It must not keep us from ending; while it is asked, the time limit does.
  child.unref();
  child.channel?.unref();
  let told = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    told = `${told}${text}`.slice(-maxTold);
  });
  if (child.stderr !== null && 'unref' in child.stderr && typeof child.stderr.unref === 'function')
    child.stderr.unref();

  let ended: BackendError | null = null;
  let onEnd = (_error: BackendError) => {};
  const end = (why: string) => {
    ended ??= new BackendError(`builtin: the detector's process ${why}`, {
      code: 'BACKEND_UNREACHABLE',
      retry: 'soon',
      hint: 'It is started again. If this stays, the host may be short of memory: look at "journalctl -k" and at this log.',
      cause: new Error(told.trim() || why),
    });
    onEnd(ended);
  };
  child.on('error', (error) => end(`could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    end(`has ended (${signal ?? `exit code ${code}`})`);
  });

  return {
    pid: child.pid ?? null,
    get ended() {
      return ended;
    },
    ask: (request, schema, limitMs) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        const done = () => {
          clearTimeout(limit);
          child.off('message', onMessage);
          onEnd = () => {};
        };
        const onMessage = (message: unknown) => {
          done();
          const good = v.safeParse(schema, message);
          if (good.success) resolve(good.output);
          else reject(toError(message));
        };
        const limit = setTimeout(() => {
          done();
          child.kill('SIGKILL');
          reject(
            new BackendError(
              `builtin: the detector has not answered within ${Math.round(limitMs / 1_000)} s`,
              {
                code: 'BACKEND_TIMEOUT',
                retry: 'soon',
                hint: 'Its process is started again. If this stays, the host is too busy or too slow for it: raise interval in [detection].',
                cause: new Error('no answer'),
              },
            ),
          );
        }, limitMs);
        onEnd = (error) => {
          done();
          reject(error);
        };
        child.on('message', onMessage);
        child.send(request, (error) => {
          if (error !== null) end(`could not be asked: ${error.message}`);
        });
      }),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

function toError(message: unknown): BackendError {
  const failed = v.safeParse(failedSchema, message);
  if (failed.success) {
    const { message: text, ...details } = failed.output;
    return new BackendError(text, { ...details, cause: new Error(text) });
  }
  return new BackendError("builtin: the detector's process answered nonsense", {
    code: 'BACKEND_BAD_ANSWER',
    retry: 'soon',
    hint: 'This is a bug in moonraker-lookout: please report it with the log.',
    cause: new Error(v.summarize(failed.issues)),
  });
}
