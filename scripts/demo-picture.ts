// Runs the demo and draws the end of what it wrote as docs/images/demo.svg, for the README.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const lineHeight = 18;
const charWidth = 7.8;
const margin = 16;

const { stdout, status } = spawnSync(process.execPath, [join(root, 'dist/main.js'), 'demo', '--headless'], {
  encoding: 'utf8',
});
if (status !== 0) throw new Error(`the demo ended with ${status}:\n${stdout}`);
const lines = stdout.trimEnd().split('\n');
const end = lines.slice(lines.findIndex((line) => line.startsWith('    0.0 s')));
const last = lines.filter((line) => line.startsWith('printing')).slice(-2);
const shown = ['$ npm run demo', '', ...last, '', ...end];

const toXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const colour = (line: string) => {
  if (/warning raised/.test(line)) return '#e5c07b';
  if (/failing|paused/.test(line)) return '#e06c75';
  return line.startsWith('$') ? '#98c379' : '#d7dae0';
};
const width = Math.max(...shown.map((line) => line.length)) * charWidth + 2 * margin;
const height = shown.length * lineHeight + 2 * margin;
const rows = shown.map((line, row) => {
  const y = margin + (row + 0.75) * lineHeight;
  return `<text x="${margin}" y="${y}" fill="${colour(line)}" xml:space="preserve">${toXml(line)}</text>`;
});
const svg = [
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13">`,
  '<title>The end of the demo: pictures judged, a warning, the pause, and the dialog</title>',
  `<rect width="100%" height="100%" rx="8" fill="#1e2127"/>`,
  ...rows,
  '</svg>',
];
writeFileSync(join(root, 'docs/images/demo.svg'), `${svg.join('\n')}\n`);
