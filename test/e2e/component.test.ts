// The component in real Moonrakers, old and new: its tests are in Python, beside test/component.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureMoonraker } from '../../scripts/moonraker-venv.mjs';
import { whyNoVenv } from '../support/why-no-venv.ts';

const root = join(import.meta.dirname, '../..');
const limitMs = 240_000;

/** Runs pytest; resolves with its exit code and all it wrote. */
function runTests(python: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test/component'];
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    execFile(python, args, { cwd: root, timeout: limitMs, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` });
    });
  });
}

describe('the component in Moonraker', { concurrency: true }, () => {
  for (const version of ['0.11.0', '0.10.0', '0.9.3']) {
    it(version, async (test) => {
      const why = await whyNoVenv(() => ensureMoonraker(version));
      if (why !== false) return test.skip(why);
      const { code, output } = await runTests((await ensureMoonraker(version)).python);
      assert.equal(code, 0, output);
      test.diagnostic(`Moonraker ${version}: ${output.trim().split('\n').at(-1)}`);
    });
  }
});
