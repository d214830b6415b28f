// What was kept: incidents with their pictures and what was said of them, and the prints of the past.
import { useEffect, useState } from 'preact/hooks';
import { sayWouldHave } from '../../core/explain-would-have.ts';
import type { Incident } from '../../core/incident.ts';
import type { IncidentRecord } from '../../core/records.ts';
import type { PrintRecord } from '../../core/track.ts';
import { type Say, useAction } from './actions.tsx';
import { ApiError, get, route } from './api.ts';
import { answerLabels, reallyFailed, sayClock, sayMoment } from './words.ts';

const writtenAfterMs = 2_500;
/** Shown at once; more on demand. */
const firstShown = 6;

/** A list that is read when the page opens and whenever `key` changes. */
function useList<Item>(
  path: string,
  field: string,
  key: string,
): { items: readonly Item[] | null; problem: string } {
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let isOver = false;
    // The key says only that it is time to read again.
    void key;
    const read = () =>
      get<Readonly<Record<string, readonly Item[]>>>(path).then(
        (facts) => {
          if (isOver) return;
          setItems(facts[field] ?? []);
          setProblem('');
        },
        (error: unknown) => {
          if (!isOver) setProblem(error instanceof ApiError ? error.message : String(error));
        },
      );
    void read();
    // The records are written a moment after it has happened.
    const again = setTimeout(read, writtenAfterMs);
    return () => {
      isOver = true;
      clearTimeout(again);
    };
  }, [path, field, key]);
  return { items, problem };
}

/** The incidents, the newest first. */
export function Incidents({ news, say }: { readonly news: string; readonly say: Say }) {
  const [round, setRound] = useState(0);
  const { items, problem } = useList<IncidentRecord>('/api/v1/incidents', 'incidents', `${news} ${round}`);
  const [isAll, setAll] = useState(false);
  const { busy, run } = useAction(say);
  if (problem !== '') return <Note title="Incidents" text={problem} />;
  if (items === null) return null;
  if (items.length === 0) return <Note title="Incidents" text="None so far." />;
  const shown = isAll ? items : items.slice(0, firstShown);
  const label = async ({ id, wouldHave }: Incident, answer: Said) => {
    // What shadow mode asks is answered on the one way that knows of its questions.
    if (wouldHave !== undefined) await run(id, 'actions/answer', { answer, incident_id: id });
    else await run(id, `incidents/${id}/label`, { answer });
    setRound(round + 1);
  };
  return (
    <section class="card" aria-label="Incidents">
      <header>
        <h3>Incidents</h3>
        {items.length > shown.length && (
          <button type="button" class="small" onClick={() => setAll(true)}>
            Show all {items.length}
          </button>
        )}
      </header>
      <ul class="gallery">
        {shown.map((record) => (
          <Entry key={record.incident.id} record={record} isBusy={busy !== null} onLabel={label} />
        ))}
      </ul>
    </section>
  );
}

/** What can be said of an incident later. */
type Said = 'false-alarm' | 'right' | 'wrong';

function Entry(props: {
  readonly record: IncidentRecord;
  readonly isBusy: boolean;
  readonly onLabel: (incident: Incident, answer: Said) => void;
}) {
  const { incident, hasPicture, isOpen, labels } = props.record;
  const { id, level, openedAt, score, quality, action, job, wouldHave } = incident;
  const isShadow = wouldHave !== undefined;
  const judgements: readonly Said[] = isShadow ? ['right', 'wrong'] : ['right', 'false-alarm'];
  const said = labels.at(-1)?.answer ?? incident.answer;
  const when = sayMoment(openedAt.atMs);
  return (
    <li>
      {hasPicture ? (
        <a href={route(`/api/v1/incidents/${id}/pictures/picture.jpg`)} target="_blank" rel="noreferrer">
          <img
            src={route(`/api/v1/incidents/${id}/pictures/picture.jpg`)}
            alt={`What was seen at ${when}`}
            loading="lazy"
          />
        </a>
      ) : (
        <span class="blank" />
      )}
      <div class="about">
        <span class={`tag ${level}`}>{level === 'failing' ? 'Failing' : 'Warning'}</span> {when}
        <p>
          {job.filename},{' '}
          {quality === null ? `score ${Math.round(score * 100)} of 100` : `quality ${quality} of 10`}
          {action === null ? '' : `. ${action.what}: ${action.state}`}
          {wouldHave === undefined ? '' : `. Shadow: ${sayWouldHave(incident)}`}
          {said === null
            ? ''
            : `. Answered: ${said === 'right' && !isShadow ? reallyFailed : answerLabels[said]}`}
        </p>
      </div>
      <div class="buttons">
        {!isOpen &&
          judgements
            .filter((each) => each !== said)
            .map((each) => (
              <button
                key={each}
                type="button"
                class="small"
                disabled={props.isBusy}
                onClick={() => props.onLabel(incident, each)}
              >
                {each === 'right' && !isShadow ? reallyFailed : answerLabels[each]}
              </button>
            ))}
        <a class="button small" href={route(`/api/v1/incidents/${id}/export`)} download={`lookout-${id}.zip`}>
          Export
        </a>
      </div>
    </li>
  );
}

const ends = { complete: 'Finished', cancelled: 'Cancelled', error: 'Error', unknown: 'Unknown' } as const;

/** The prints of the past. */
export function Prints({ news }: { readonly news: string }) {
  const { items, problem } = useList<PrintRecord>('/api/v1/prints', 'prints', news);
  const [isAll, setAll] = useState(false);
  if (problem !== '') return <Note title="Prints" text={problem} />;
  if (items === null || items.length === 0) return null;
  const shown = isAll ? items : items.slice(0, firstShown);
  return (
    <section class="card prints" aria-label="Prints">
      <header>
        <h3>Prints</h3>
        {items.length > shown.length && (
          <button type="button" class="small" onClick={() => setAll(true)}>
            Show all {items.length}
          </button>
        )}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it on a phone. */}
      <section class="wide" tabIndex={0} aria-label="Table of prints">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Begun</th>
              <th scope="col">Took</th>
              <th scope="col">End</th>
              <th scope="col">Judged</th>
              <th scope="col">Worst</th>
              <th scope="col">Alerts</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ id, filename, startedAtMs, endedAtMs, how, summary }) => (
              <tr key={id}>
                <th scope="row">{filename}</th>
                <td>{sayMoment(startedAtMs)}</td>
                <td>{endedAtMs === null ? '' : sayClock(endedAtMs - startedAtMs)}</td>
                <td>{how === null ? 'Running' : ends[how]}</td>
                <td>{summary.looks}</td>
                <td>{summary.worstScore === null ? '' : `${Math.round(summary.worstScore * 100)} of 100`}</td>
                <td>{summary.incidents === 0 ? 'none' : summary.incidents}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Note({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <section class="card" aria-label={title}>
      <h3>{title}</h3>
      <p class="none">{text}</p>
    </section>
  );
}
