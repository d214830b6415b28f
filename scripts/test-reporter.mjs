// How a test run is shown: every failure in full, what was skipped, and one line in the end. With REPORT_EACH=1 passing tests too.
import { relative } from 'node:path';
import { inspect } from 'node:util';

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

/** Only the file: the line that the runner knows is that of the compiled text. */
const place = ({ file }) => (file === undefined ? '' : relative(process.cwd(), file));

/** The error as thrown in the test, without the wrapper of the runner. */
function errorText(error) {
  const cause = error?.cause ?? error;
  const text =
    cause instanceof Error
      ? (cause.stack ?? cause.message)
      : typeof cause === 'string'
        ? cause
        : inspect(cause);
  const inner =
    cause instanceof Error && cause.cause !== undefined ? `\ncaused by: ${inspect(cause.cause)}` : '';
  return `${text}${inner}`
    .replace(/\n +at .*(?:node:internal|node:async_hooks).*/g, '')
    .replace(/^/gm, '    ');
}

/**
 * Worth showing: an exception after the end of a test (its file fails without saying why), and with `each` what tests say of
 * themselves. Not the runner's own sums; ours are made below.
 */
function isWorthShowing(message, each) {
  if (/generated asynchronous activity after the test ended/.test(message)) return true;
  return each && !/^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message);
}

/** Failed only because something inside it has, which is told by itself. */
const isOfSubtests = (data) => data?.details?.error?.failureType === 'subtestsFailed';

/** Turns node:test events into text. */
async function* report(events) {
  const each = process.env.REPORT_EACH === '1';
  const startedMs = performance.now();
  const failed = [];
  const skipped = [];
  const files = new Set();
  let passed = 0;
  let slowest = { ms: 0, text: '' };
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    // A suite is told through its tests, unless it fails by itself or none of them was run.
    const isSuite = data?.details?.type === 'suite' && data.skip === undefined;
    const isWhole = type === 'test:pass' ? isSuite : isOfSubtests(data);
    if (type === 'test:diagnostic' && isWorthShowing(data.message, each)) yield `      ${data.message}\n`;
    if ((type !== 'test:pass' && type !== 'test:fail') || isWhole) continue;
    if (data.file !== undefined) files.add(data.file);
    const ms = data.details.duration_ms;
    const title = `${data.name}  (${place(data)})`;
    if (type === 'test:fail' && data.todo === undefined) {
      failed.push(title);
      yield `FAIL  ${title}\n${errorText(data.details.error)}\n\n`;
      continue;
    }
    const notRun = data.skip ?? (data.todo === undefined ? undefined : 'to do');
    if (notRun !== undefined) {
      skipped.push(`${title}${typeof notRun === 'string' ? `: ${notRun}` : ''}`);
      continue;
    }
    passed += 1;
    if (ms > slowest.ms) slowest = { ms, text: data.name };
    if (each) yield `ok    ${data.name}  ${seconds(ms)}\n`;
  }
  if (skipped.length > 0) yield `skipped:\n${skipped.map((title) => `  ${title}\n`).join('')}`;
  if (failed.length > 0) yield `failed:\n${failed.map((title) => `  ${title}\n`).join('')}`;
  const counts = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
  const slow = slowest.ms > 2_000 ? `; slowest: ${slowest.text}, ${seconds(slowest.ms)}` : '';
  yield `${counts} in ${files.size} files, ${seconds(performance.now() - startedMs)}${slow}\n`;
}

// biome-ignore lint/style/noDefaultExport: the runner takes a reporter from nowhere else.
export { report as default };
