// `npm run bench [-- --seconds N]`: what the program costs on this machine. Figures for docs/performance.md.
import { parseArgs } from 'node:util';
import { benchBackends } from './bench/backends.ts';
import { benchMjpeg } from './bench/mjpeg.ts';
import { benchStart, benchWatching } from './bench/watching.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
const windowS = Number(values.seconds);
if (!(windowS >= 10 && windowS <= 3600)) throw new RangeError('--seconds takes a number from 10 to 3600');

console.log(`Node ${process.versions.node}, windows of ${windowS} s\n`);
for (const { what, value, goal } of [...benchStart(), ...(await benchWatching(windowS))]) {
  console.log(`${what.padEnd(52)} ${value.padStart(14)}  ${goal}`);
}
console.log('\nMJPEG parser, 600 frames of 720p in memory, median of the passes');
console.table((await benchMjpeg()).rows);
console.log('\nEach backend at its own pace, per hour of printing; its service is a virtual one');
console.table(await benchBackends());
