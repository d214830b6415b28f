// Whether the tests that need a real Moonraker can run here, for the `skip` option of a suite.
import process from 'node:process';
import { ensureMoonraker, MoonrakerUnavailable } from '../../scripts/moonraker-venv.mjs';

/**
 * False when they can; otherwise why not, which the report of the tests shows.
 * @throws MoonrakerUnavailable under `CI=true`: there nothing may pass because it was left out
 */
export async function moonrakerOrSkip(): Promise<false | string> {
  try {
    await ensureMoonraker();
    return false;
  } catch (error) {
    if (!(error instanceof MoonrakerUnavailable) || process.env['CI'] === 'true') throw error;
    return error.message;
  }
}
