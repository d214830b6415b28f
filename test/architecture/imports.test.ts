import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { type Import, importsOf, root, sourceFiles } from './source-files.ts';

const names = v.record(v.string(), v.string());
const { dependencies: needed, optionalDependencies } = v.parse(
  v.object({ dependencies: names, optionalDependencies: names }),
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
);
const dependencies = { ...needed, ...optionalDependencies };

/** What a room may import: folders and files of ours, `node:`, and packages by name or all of the production ones. */
interface Rule {
  readonly ours: readonly string[];
  readonly oursAsTypes?: readonly string[];
  readonly hasNode: boolean;
  readonly packages: readonly string[] | 'all';
}

const adapter = (room: string): Rule => ({ ours: [room, 'core', 'lib'], hasNode: true, packages: 'all' });

const rules: Readonly<Record<string, Rule>> = {
  core: { ours: ['core'], hasNode: false, packages: [] },
  lib: { ours: ['lib'], oursAsTypes: ['core/ports.ts'], hasNode: true, packages: 'all' },
  config: { ours: ['config', 'core'], hasNode: true, packages: ['valibot'] },
  moonraker: adapter('moonraker'),
  camera: adapter('camera'),
  backends: adapter('backends'),
  alerts: adapter('alerts'),
  records: adapter('records'),
  dashboard: adapter('dashboard'),
  virtual: { ours: ['virtual', 'core/types.ts', 'lib'], hasNode: true, packages: 'all' },
  service: {
    ours: ['service', 'core/types.ts', 'core/ports.ts', 'core/errors.ts'],
    hasNode: true,
    packages: 'all',
  },
};

/** `app/` and `main.ts` may import everything that is installed with the product. */
const everything: Rule = { ours: [''], hasNode: true, packages: 'all' };

function ruleFor(path: string): Rule {
  const [, room = '', ...rest] = path.split('/');
  if (room === 'app' || rest.length === 0) return everything;
  const rule = rules[room];
  assert.ok(rule !== undefined, `${path}: a new room needs a rule here and in the design`);
  return rule;
}

function isAllowed(rule: Rule, { target, isType }: Import): boolean {
  if (target.startsWith('node:')) return rule.hasNode;
  if (target.startsWith('src/')) {
    const inside = target.slice('src/'.length);
    const matches = (allowed: string) =>
      allowed === '' || inside === allowed || inside.startsWith(`${allowed}/`);
    return rule.ours.some(matches) || (isType && (rule.oursAsTypes ?? []).some(matches));
  }
  const name = target.split('/', target.startsWith('@') ? 2 : 1).join('/');
  return Object.hasOwn(dependencies, name) && (rule.packages === 'all' || rule.packages.includes(name));
}

test('every import of src/ is one that its room may make', () => {
  const forbidden = sourceFiles('src').flatMap((file) =>
    importsOf(file)
      .filter((each) => !isAllowed(ruleFor(file.path), each))
      .map(({ target }) => `${file.path} imports ${target}`),
  );
  assert.deepEqual(forbidden, []);
});

test('no room has a front door or a drawer for odds and ends', () => {
  const paths = sourceFiles('src').map(({ path }) => path);
  assert.deepEqual(
    paths.filter((path) => /\/(index|utils?|helpers|common)\.ts$/.test(path)),
    [],
  );
});

test('sharp is loaded only when pixels are needed', () => {
  const early = sourceFiles('src').filter((file) =>
    importsOf(file).some(({ target, isType, isLazy }) => target === 'sharp' && !isType && !isLazy),
  );
  assert.deepEqual(
    early.map(({ path }) => path),
    [],
  );
});

test('the environment is read in main.ts only, and handed on', () => {
  const readers = sourceFiles('src').filter(
    ({ path, text }) =>
      !/^src\/(main\.ts|config\/)/.test(path) && /process\.env|\benv\b.*from 'node:process'/.test(text),
  );
  assert.deepEqual(
    readers.map(({ path }) => path),
    [],
  );
});

test('core has neither clock nor chance', () => {
  const impure = sourceFiles('src/core').filter(({ text }) =>
    /Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|\bsetTimeout\(|\bprocess\.(?:env|hrtime|nextTick|on|pid|stdout)\b/.test(
      text,
    ),
  );
  assert.deepEqual(
    impure.map(({ path }) => path),
    [],
  );
});

const seen = (text: string) => importsOf({ path: 'src/camera/x.ts', text });
const cases: [string, Import[]][] = [
  ["import { a } from '../core/a.ts';", [{ target: 'src/core/a.ts', isType: false, isLazy: false }]],
  ["import type { A } from '../core/a.ts';", [{ target: 'src/core/a.ts', isType: true, isLazy: false }]],
  ["import { type A, type B } from './a.ts';", [{ target: 'src/camera/a.ts', isType: true, isLazy: false }]],
  ["import { type A, b } from './a.ts';", [{ target: 'src/camera/a.ts', isType: false, isLazy: false }]],
  ["import {\n  a,\n  b,\n} from 'ws';", [{ target: 'ws', isType: false, isLazy: false }]],
  ["import * as v from 'valibot';", [{ target: 'valibot', isType: false, isLazy: false }]],
  ["export { a } from './a.ts';", [{ target: 'src/camera/a.ts', isType: false, isLazy: false }]],
  ["import './a.ts';", [{ target: 'src/camera/a.ts', isType: false, isLazy: false }]],
  ["  const s = await import('sharp');", [{ target: 'sharp', isType: false, isLazy: true }]],
  ["type S = typeof import('sharp');", [{ target: 'sharp', isType: true, isLazy: true }]],
  ["// import { a } from './a.ts';\n * import('b')", []],
];
for (const [text, expected] of cases) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(seen(text), expected));
}

test('the rules refuse what they are there to refuse', () => {
  const of = (target: string, isType = false) => ({ target, isType, isLazy: false });
  const refused: [string, Import][] = [
    ['src/core/x.ts', of('node:fs')],
    ['src/core/x.ts', of('valibot')],
    ['src/lib/x.ts', of('src/core/ports.ts')],
    ['src/config/x.ts', of('src/backends/octoeverywhere-keys.ts')],
    ['src/camera/x.ts', of('src/moonraker/webcams.ts')],
    ['src/camera/x.ts', of('src/app/watch.ts', true)],
    ['src/virtual/x.ts', of('src/core/errors.ts')],
    ['src/service/x.ts', of('src/core/decide.ts')],
    ['src/alerts/x.ts', of('fast-check')],
  ];
  for (const [path, each] of refused) assert.ok(!isAllowed(ruleFor(path), each), `${path} → ${each.target}`);
  assert.ok(isAllowed(ruleFor('src/lib/x.ts'), of('src/core/ports.ts', true)));
  assert.ok(isAllowed(ruleFor('src/app/compose.ts'), of('src/camera/camera.ts')));
});
