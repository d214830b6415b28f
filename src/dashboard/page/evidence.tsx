// How much has built up towards a warning and a pause; for a service that decides for itself, how good it finds the print.
import type { PrinterState } from '../view.ts';
import { sayAgo, sayLook } from './words.ts';

/** The bar with its marks. */
export function Evidence({ state, nowMs }: { readonly state: PrinterState; readonly nowMs: number }) {
  const { evidence, look } = state;
  const when = look === null ? '' : `, ${sayAgo(nowMs - look.atMs)}`;
  if (evidence === null) {
    const badness = look === null ? 0 : look.quality === null ? look.score : (10 - look.quality) / 9;
    return (
      <div class="evidence">
        <Bar share={badness} label={sayLook(state)} level={state.verdict} />
        <p>
          {sayLook(state)}
          {when}. {look === null ? '' : `${look.backend} decides for itself when to warn and when to pause.`}
        </p>
      </div>
    );
  }
  const { ms, warnMs, failMs, text } = evidence;
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return (
    <div class="evidence">
      <Bar share={ms / failMs} label={sentence} level={state.verdict} warnAt={warnMs / failMs} />
      <p>
        {ms === 0 && look !== null ? sayLook(state) : sentence}
        {when}. Warns at {Math.round(warnMs / 1000)} s, acts at {Math.round(failMs / 1000)} s.
      </p>
    </div>
  );
}

function Bar(props: {
  readonly share: number;
  readonly label: string;
  readonly level: string;
  readonly warnAt?: number;
}) {
  const { share, label, level, warnAt } = props;
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a meter element cannot hold the marks.
    <div
      class={`bar ${level}`}
      role="meter"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span class="fill" style={{ width: `${percent}%` }} />
      {warnAt !== undefined && (
        <span class="tick" style={{ left: `${warnAt * 100}%` }}>
          warn
        </span>
      )}
      {warnAt !== undefined && <span class="tick end">pause</span>}
    </div>
  );
}
