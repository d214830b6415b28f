// One watched printer as the dashboard sees it, over all restarts of its parts.
import { type EvidenceOptions, evidenceMarks, sayEvidence } from '../core/evidence.ts';
import type { Area } from '../core/regions.ts';
import type { PrinterView, Watched } from '../dashboard/printer-view.ts';
import type { Composed } from './compose.ts';
import type { Look } from './last-look.ts';
import { createMaskStore } from './mask-store.ts';
import type { Seat } from './seat.ts';
import type { Settings } from './settings.ts';

/** A printer and where its parts are. */
export interface SeatedPrinter {
  /** As in `[printer NAME]`; null for the only one. */
  readonly name: string | null;
  readonly config: Settings;
  /** Holds the first parts already. */
  readonly seat: Seat<Composed>;
}

type Hear = Parameters<PrinterView['onChange']>[0];

/**
 * Makes the view.
 * @param file the configuration file
 * @throws RangeError for an empty seat
 */
export function viewPrinter({ name, config, seat }: SeatedPrinter, file: string): PrinterView {
  const { warnAfterMs, failAfterMs, sensitivity, intervalMs } = config.detection;
  const evidenceOptions: EvidenceOptions = { warnAfterMs, failAfterMs, sensitivity, intervalMs };
  const hearers = new Set<Hear>();
  const lookers = new Set<(look: Look) => void>();
  /** Since the settings were read. */
  let drawn: readonly Area[] | null = null;
  seat.follow(({ watch, looks, ignore }) => {
    if (drawn !== null) ignore(drawn);
    watch.onChange((...news) => {
      for (const hear of hearers) hear(...news);
    });
    looks.onLook((look) => {
      for (const looker of lookers) looker(look);
    });
  });
  const parts = (): Composed => {
    const current = seat.current();
    if (current === null) throw new RangeError('the printer has no parts yet');
    return current;
  };
  const status = (): Watched => parts().watch.status();
  return {
    name: name ?? 'printer',
    status,
    onChange: (listener) => {
      hearers.add(listener);
      return () => hearers.delete(listener);
    },
    lastLook: () => parts().looks.lastLook(),
    onLook: (listener) => {
      lookers.add(listener);
      return () => lookers.delete(listener);
    },
    show: (signal) => parts().camera.show(signal),
    evidence: () => {
      const { last, evidence } = status().state;
      if (last === null || last.assessment.suggests !== null) return null;
      return { ms: evidence.ms, ...evidenceMarks(evidenceOptions), text: sayEvidence(evidence) };
    },
    cameraName: () => parts().camera.name,
    backend: () => {
      const { backends } = parts();
      const judges = status().state.last?.assessment.backend;
      const inUse = backends.find(({ name: each }) => each === judges) ?? backends[0];
      return { name: inUse?.name ?? '', budget: inUse?.usage?.() ?? null };
    },
    areas: () => parts().ignored(),
    masks: createMaskStore({
      file,
      section: name === null ? 'camera' : `printer ${name} camera`,
      current: () => parts().ignored(),
      apply: (areas) => {
        drawn = areas;
        parts().ignore(areas);
      },
    }),
    records: () => parts().records,
    methods: () => parts().control.methods,
    call: async (method, params, signal) => parts().control.call(method, params, 'dashboard', signal),
  };
}
