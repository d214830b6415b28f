// Writes what follows from the key tables: the settings table of README.md and moonraker-lookout.conf.example.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backendKeys } from '../src/backends/registry.ts';
import { type SectionKeys, sectionKeys } from '../src/config/schema.ts';
import { variableName } from '../src/config/sources.ts';
import { fallbackText, rangeText } from '../src/config/values.ts';

const begin = '<!-- settings -->';
const end = '<!-- /settings -->';

/** Every section with its keys, those of the backends included. */
export const sections: readonly SectionKeys[] = sectionKeys(backendKeys, ['NAME']);

/** The settings as Markdown: a heading and a table for each section, padded as the formatter wants it. */
export function settingsTable(): string {
  const cell = (text: string) => text.replace(/[|<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return sections
    .map(({ name, keys }) => {
      const rows = Object.entries(keys).map(([keyName, key]) => {
        const fallback = fallbackText(key);
        const shown = fallback === '' ? 'not set' : `\`${fallback}\``;
        return [`\`${keyName}\``, shown, cell(rangeText(key)), cell(key.about)];
      });
      return `#### \`[${name}]\`\n\n${markdownTable([['key', 'default', 'allowed', 'meaning'], ...rows])}`;
    })
    .join('\n\n');
}

function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** `readme` with the table between its markers renewed; unchanged where it has no markers. */
export function renewTable(readme: string): string {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from === -1 || to < from) return readme;
  return `${readme.slice(0, from + begin.length)}\n${settingsTable()}\n${readme.slice(to)}`;
}

/** The example file: every key commented out, with its meaning, what is allowed, and its default. */
export function exampleFile(): string {
  const intro = [
    'Settings of moonraker-lookout. Copy this file to ~/printer_data/config/moonraker-lookout.conf, take the # away from',
    'what you want to change, and restart the service. What you leave alone keeps the value shown.',
    '',
    'Passwords and API keys do not belong in this file: everybody who can open Mainsail or Fluidd can download it. Put them,',
    'under the same [section] and key, into a second file that only you can read, and name it under [secrets] file. Or set',
    `the variable $LOOKOUT_SECTION_KEY, such as $${variableName('moonraker', 'api_key')}.`,
    '',
    'More than one printer: a section [printer NAME] for each, with its url. What stands below holds for all; what one has otherwise',
    'goes into [printer NAME camera], [printer NAME detection], … with the same keys. See README.md, Settings.',
    '',
    'A # or ; after a space begins a comment. Where a value holds " #" or " ;" itself, write " \\#" or " \\;".',
  ];
  const body = sections.map(({ name, keys }) =>
    [
      `[${name}]`,
      ...Object.entries(keys).map(([keyName, key]) =>
        [...wrap(`${key.about} (${rangeText(key)})`), `#${keyName}: ${fallbackText(key)}`.trimEnd(), ''].join(
          '\n',
        ),
      ),
    ].join('\n'),
  );
  return `${[...intro.map((line) => `# ${line}`.trimEnd()), '', ...body].join('\n').trimEnd()}\n`;
}

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length < 115) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(` ${word}`);
  }
  return lines.map((line) => `#${line}`);
}

if (import.meta.filename === process.argv[1]) {
  const root = join(import.meta.dirname, '..');
  writeFileSync(join(root, 'moonraker-lookout.conf.example'), exampleFile());
  const readme = join(root, 'README.md');
  if (existsSync(readme)) writeFileSync(readme, renewTable(readFileSync(readme, 'utf8')));
}
