// The front page of several printers: one tile each, with the worst news in its colour.
import { useEffect, useState } from 'preact/hooks';
import type { PrinterState } from '../view.ts';
import { get } from './api.ts';
import { Glance } from './glance.tsx';
import { sayPrint, sayProgress } from './words.ts';

/** Nobody looks at six printers at once: a tile is renewed this often. */
const everyMs = 3_000;

/** One tile for each printer. */
export function Front() {
  const [printers, setPrinters] = useState<readonly PrinterState[]>([]);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const renew = () => {
      if (document.hidden) return;
      setTurn((before) => before + 1);
      get<{ readonly printers: readonly PrinterState[] }>('/api/v1/printers').then(
        (facts) => setPrinters(facts.printers),
        () => {},
      );
    };
    renew();
    const timer = setInterval(renew, everyMs);
    document.addEventListener('visibilitychange', renew);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', renew);
    };
  }, []);
  return (
    <div class="tiles">
      {printers.map((state) => {
        const query = `printer=${encodeURIComponent(state.printer)}`;
        return (
          <a key={state.printer} class="card tile" href={`/?${query}`}>
            <div class="picture">
              <img src={`/api/v1/picture?${query}&turn=${turn}`} alt={`Printer ${state.printer}`} />
            </div>
            <Glance glance={state.glance} name={state.printer} />
            <h3>{state.printer}</h3>
            <p class="meta">
              {[sayPrint(state.print), state.print.filename, sayProgress(state.print)]
                .filter(Boolean)
                .join(' · ')}
            </p>
          </a>
        );
      })}
    </div>
  );
}
