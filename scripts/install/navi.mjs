// Puts our link into Mainsail's .theme/navi.json, or takes it out. Prints the new text; exit 3 where nothing would change.
//
//   node navi.mjs add FILE HREF       FILE may be absent
//   node navi.mjs remove FILE
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

const title = 'Lookout';
/** An eye, as the SVG path that Mainsail wants; 24 by 24. */
const icon =
  'M12 5C7 5 2.7 8.1 1 12C2.7 15.9 7 19 12 19S21.3 15.9 23 12C21.3 8.1 17 5 12 5M12 16A4 4 0 1 1 12 8A4 4 0 0 1 12 16Z';

const [action, file, href] = process.argv.slice(2);
try {
  const old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  if (!Array.isArray(old)) throw new Error('it is not a list');
  const others = old.filter((entry) => entry?.title !== title);
  const entry = { title, href, target: '_blank', position: 85, icon };
  const next = action === 'add' ? [...others, entry] : others;
  if (JSON.stringify(next) === JSON.stringify(old)) process.exitCode = 3;
  else process.stdout.write(`${JSON.stringify(next, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
