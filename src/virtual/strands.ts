// Lays strands of spaghetti around the part of the virtual printer, the same ones for the same amount.
import type { Point3 } from './perspective.ts';
import { createRandom } from './random.ts';

/** Points on a line, in mm on the bed. */
export type Path = readonly Point3[];

const strandCount = 60;

/** The heap, lowest strands first. Each keeps its course while the heap grows: `amount` (0..1) says how many there are. */
export function heapOf(amount: number): readonly Path[] {
  const whole = amount * strandCount;
  return Array.from({ length: Math.ceil(whole) }, (_, index) =>
    strand(index, Math.min(1, whole - index), amount),
  );
}

/** One strand wanders off from around the part, curls, and rises above those beneath it. */
function strand(index: number, share: number, amount: number): Path {
  const random = createRandom(7_919 * (index + 1));
  const spread = 14 + 40 * Math.sqrt(index / strandCount);
  const angle = random() * 2 * Math.PI;
  let x = 106 + Math.cos(angle) * spread * (0.4 + random());
  let y = 82 + Math.sin(angle) * spread * (0.35 + 0.6 * random());
  let heading = random() * 2 * Math.PI;
  let curl = (random() - 0.5) * 0.9;
  const lift = 2 + random() * (8 + 22 * amount * (index / strandCount));
  const steps = Math.max(3, Math.round(share * (16 + random() * 20)));
  const points: Point3[] = [];
  for (let step = 0; step < steps; step += 1) {
    curl = 0.88 * curl + (random() - 0.5) * 0.8;
    heading += curl;
    x = Math.min(215, Math.max(5, x + Math.cos(heading) * 5));
    y = Math.min(205, Math.max(4, y + Math.sin(heading) * 5));
    points.push({
      x,
      y,
      z: Math.max(0.3, lift * Math.sin((Math.PI * (step + 1)) / (steps + 1)) * (0.6 + 0.6 * random())),
    });
  }
  return points;
}
