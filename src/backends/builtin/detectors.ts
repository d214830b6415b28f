// The detectors of this program: one process for each model, however many printers use it.
import { createDetector, type Detector, type DetectorDeps, type DetectorOptions } from './detector.ts';

/** Hands out detectors. */
export interface Detectors {
  /** The one for this model; the same for all who ask for it. */
  take(options: DetectorOptions): Detector;
}

/** Hands out detectors, none of which runs yet. */
export function createDetectors(deps: DetectorDeps): Detectors {
  const detectors = new Map<string, Detector>();
  return {
    take: (options) => {
      const key = JSON.stringify(options);
      const detector = detectors.get(key) ?? createDetector(options, deps);
      detectors.set(key, detector);
      return detector;
    },
  };
}
