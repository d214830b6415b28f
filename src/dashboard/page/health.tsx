// How the print, the camera and the backend are doing.
import type { PartFacts, PrinterState } from '../view.ts';
import { sayAgo, sayBudget, sayClock, sayPrint, sayProgress } from './words.ts';

function judging({ gate, glance }: PrinterState): string {
  if (gate !== null) return `Not now: ${gate.text}`;
  return glance.mood === 'cannot-see' ? 'Not now: there is nothing to judge' : 'Yes, pictures are judged';
}

/** The facts of the print and of the two parts that the judging rests on. */
export function Health({ state, nowMs }: { readonly state: PrinterState; readonly nowMs: number }) {
  const { print, backend, camera } = state;
  const took = backend.tookMs === null ? '' : `, answered in ${(backend.tookMs / 1000).toFixed(1)} s`;
  return (
    <section class="card health" aria-label="State">
      <div class="print">
        <h3>{print.filename ?? sayPrint(print)}</h3>
        <p>
          {print.filename === null ? '' : `${sayPrint(print)} · `}
          {sayProgress(print)}
          {print.printDurationMs !== null && ` · ${sayClock(print.printDurationMs)}`}
        </p>
        {print.progress !== null && (
          <progress
            value={print.progress}
            max={1}
            aria-label={`Printed ${Math.round(print.progress * 100)} %`}
          />
        )}
      </div>
      <dl>
        <div>
          <dt>Judging</dt>
          <dd>{judging(state)}</dd>
        </div>
        <Part title="Camera" part={camera} nowMs={nowMs} more="" />
        <Part title="Backend" part={backend} nowMs={nowMs} more={took} />
        <div>
          <dt>Pictures judged</dt>
          <dd>
            {state.assessments}
            {backend.calls > 0 && `, ${backend.calls} counted calls since the start`}
          </dd>
        </div>
        {backend.budget !== null && (
          <div>
            <dt>Calls this month</dt>
            <dd>{sayBudget(backend.budget)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

function Part(props: {
  readonly title: string;
  readonly part: PartFacts;
  readonly nowMs: number;
  readonly more: string;
}) {
  const { title, part, nowMs, more } = props;
  const when = part.lastGoodMs === null ? '' : `, ${sayAgo(nowMs - part.lastGoodMs)}`;
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        <span class={`dot ${part.health}`} aria-hidden="true" />
        {part.name === '' ? 'none' : part.name}
        {part.health === 'fault' ? `: ${part.message}` : `${when}${more}`}
        {part.health === 'unknown' && ' (not asked yet)'}
      </dd>
    </div>
  );
}
