// Draws scenes of the virtual webcam for training: `npx tsx scripts/training-scenes.ts DIR`. N-bad.jpg is N-good.jpg with strands.
import { mkdir, writeFile } from 'node:fs/promises';
import { createRandom } from '../src/virtual/random.ts';
import { drawScene } from '../src/virtual/scene.ts';

const count = 110;
const size = { width: 640, height: 360 };

async function main(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = createRandom(1);
  for (let at = 0; at < count; at += 1) {
    const isDark = random() < 0.08;
    const scene = { isPrinting: random() < 0.85, grown: random(), gantry: random(), isDark };
    await writeFile(`${folder}/${at}-good.jpg`, await drawScene({ ...scene, spaghetti: 0 }, size, at + 1));
    if (at % 2 === 1 || isDark) continue;
    const spaghetti = 0.2 + 0.8 * random();
    await writeFile(`${folder}/${at}-bad.jpg`, await drawScene({ ...scene, spaghetti }, size, at + 1));
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder to write to');
await main(folder);
