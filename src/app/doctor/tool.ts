// Asks a program of the host, such as systemctl, what it knows.
import { execFile } from 'node:child_process';

/** The environment the programs are found through. */
export type Env = Readonly<Record<string, string | undefined>>;

const limitMs = 5_000;
const maxBytes = 256 * 1024;

/** What the program writes; null where there is none, where it fails, and where it takes more than 5 s. */
export function askTool(name: string, args: readonly string[], env: Env): Promise<string | null> {
  // Whatever language the user speaks, the answer is read by a program.
  const options = { env: { ...env, LC_ALL: 'C' }, timeout: limitMs, maxBuffer: maxBytes };
  return new Promise((resolve) => {
    execFile(name, args, options, (error, output) => resolve(error === null ? output : null));
  });
}
