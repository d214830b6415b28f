// `npm run bench [-- --seconds N] [-- --only PART]`: what the program costs on this machine. Figures for docs/performance.md.
import { parseArgs } from 'node:util';
import { benchBackends } from './bench/backends.ts';
import { benchBuiltin } from './bench/builtin.ts';
import { benchComponent } from './bench/component.ts';
import { benchDashboard } from './bench/dashboard.ts';
import { benchMjpeg } from './bench/mjpeg.ts';
import { benchPaint } from './bench/paint.ts';
import { benchSeveral } from './bench/several.ts';
import { type BenchBackend, benchStart, benchWatching, type Row } from './bench/watching.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, only: { type: 'string' } },
});
const windowS = Number(values.seconds);
if (!(windowS >= 10 && windowS <= 3600)) throw new RangeError('--seconds takes a number from 10 to 3600');

const print = (rows: readonly Row[]) => {
  for (const { what, value, goal } of rows) {
    console.log(`${what.padEnd(62)} ${value.padStart(14)}  ${goal}`);
  }
};

const parts: Readonly<Record<string, () => Promise<void>>> = {
  watching: async () => {
    print(benchStart());
    for (const backend of ['octoeverywhere', 'printwatch'] satisfies BenchBackend[]) {
      console.log(`\nwith ${backend} at its own pace`);
      print(await benchWatching(windowS, backend));
    }
  },
  printers: async () => {
    console.log('\nfour printers in one process, with octoeverywhere');
    print(await benchSeveral(windowS));
  },
  dashboard: async () => {
    console.log('\nthe dashboard, while a print is watched with octoeverywhere');
    print(await benchDashboard(windowS));
  },
  mjpeg: async () => {
    console.log('\nMJPEG parser, 600 frames of 720p in memory, median of the passes');
    console.table((await benchMjpeg()).rows);
  },
  backends: async () => {
    console.log('\nEach backend at its own pace, per hour of printing; its service is a virtual one');
    console.table(await benchBackends());
  },
  paint: async () => {
    console.log('\nPainting a rectangle and a triangle out of a picture, median of 25');
    console.table(await benchPaint());
  },
  builtin: async () => {
    console.log('\nthe built-in detector at its own pace, a picture every 10 s for each printer');
    print(await benchBuiltin(windowS));
  },
  component: async () => {
    console.log('\nStart of a real Moonraker with and without the component, in turns');
    console.table(await benchComponent());
  },
};
const only = values.only === undefined ? Object.keys(parts) : [values.only];
console.log(`Node ${process.versions.node}, windows of ${windowS} s\n`);
for (const name of only) {
  const part = parts[name];
  if (part === undefined) throw new RangeError(`--only takes one of ${Object.keys(parts).join(', ')}`);
  await part();
}
