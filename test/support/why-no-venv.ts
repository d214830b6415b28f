// Whether a suite that needs a Python environment can run here.
import process from 'node:process';
import { VenvUnavailable } from '../../scripts/python-venv.mjs';

/**
 * Why there can be none, for the `skip` of a test; false when there is one now.
 * Throws under `CI=true`: there a suite that cannot run has failed.
 */
export async function whyNoVenv(ensure: () => Promise<unknown>): Promise<string | false> {
  try {
    await ensure();
    return false;
  } catch (error) {
    if (!(error instanceof VenvUnavailable) || process.env['CI'] === 'true') throw error;
    return error.message;
  }
}
