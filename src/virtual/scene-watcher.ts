// Turns the state of a virtual printer into what its camera sees.
import { filamentPerMove, movesPerLayer, type VirtualPrint } from './gcode-file.ts';
import type { Klipper } from './klipper.ts';
import { volume } from './motion.ts';
import type { VirtualScene } from './scene.ts';

/** What the watcher looks at. */
export interface SceneWatcherDeps {
  readonly klipper: () => Klipper | null;
  readonly print: (filename: string) => VirtualPrint | null;
  readonly isDark: () => boolean;
}

/** Layers after which a failed print lies full of spaghetti. */
const fullMessLayers = 3;

/** Returns the way to look. What was printed stays on the bed until the next print starts. */
export function createSceneWatcher(deps: SceneWatcherDeps): () => VirtualScene {
  let onBed = { filename: '', layers: 0, grown: 0, spaghetti: 0 };

  return () => {
    const klipper = deps.klipper();
    const stats = klipper?.stats.status();
    const print = stats === undefined ? null : deps.print(stats.filename);
    if (klipper !== null && stats !== undefined && print !== null) {
      const perLayer = movesPerLayer(print.layerMs) * filamentPerMove;
      const isCancelled = klipper.stats.state === 'cancelled';
      // Cancelling retracts: the filament alone would make the part shrink.
      const seen = isCancelled && onBed.filename === stats.filename ? onBed.layers : 0;
      const known = Math.max(seen, (stats.info.current_layer ?? 0) - 1, 0);
      const layers = Math.max(known, isCancelled ? 0 : Number(stats['filament_used']) / perLayer);
      onBed = { filename: stats.filename, layers, ...lookOf(layers, print) };
    }
    const isPrinting = klipper?.stats.state === 'printing' && onBed.grown > 0;
    const parked = (klipper?.motion.position.x ?? 0) / volume.x;
    // While a print runs the gantry is seen to move even between two lines of the file.
    const sway = Math.abs(((performance.now() / 1000) % 2) - 1) * 0.5 + 0.25;
    return {
      isPrinting,
      grown: onBed.grown,
      spaghetti: onBed.spaghetti,
      gantry: clamp(isPrinting ? sway : parked),
      isDark: deps.isDark(),
    };
  };
}

function lookOf(layersDone: number, print: VirtualPrint): { grown: number; spaghetti: number } {
  const fails = print.failsFromLayer;
  // Layer n is being printed while n − 1 are done.
  const bad = fails === null ? 0 : Math.max(0, layersDone - (fails - 1));
  return { grown: clamp((layersDone - bad) / print.layers), spaghetti: clamp(bad / fullMessLayers) };
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));
