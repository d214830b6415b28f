// The page: what is seen, what is thought of it, what can be done.
import { render } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { Actions } from './actions.tsx';
import { printerName } from './api.ts';
import { Chart } from './chart.tsx';
import { Evidence } from './evidence.tsx';
import { Front } from './front.tsx';
import { Glance } from './glance.tsx';
import { Health } from './health.tsx';
import { useHostTime, useLive } from './live.ts';
import { Login } from './login.tsx';
import { MaskLayer, MaskTools, useMaskEditor } from './mask-editor.tsx';
import { Overlay, Picture, usePicture } from './picture.tsx';
import { Incidents, Prints } from './records.tsx';
import { Settings } from './settings.tsx';

function App() {
  const live = useLive(true);
  const nowMs = useHostTime(live.aheadMs);
  const [toast, setToast] = useState<{ readonly text: string; readonly isBad: boolean } | null>(null);
  const say = useCallback((text: string, isBad = false) => {
    setToast({ text, isBad });
    setTimeout(() => setToast(null), isBad ? 10_000 : 5_000);
  }, []);
  const editor = useMaskEditor(say);
  const { session, state } = live;
  const isIn = session !== null && session.token !== null;
  const isMany = (session?.printers.length ?? 0) > 1;
  const isFront = isMany && printerName === null;
  const { shown, problem } = usePicture(isIn && !isFront);
  if (session !== null && !isIn) return <Login onDone={live.again} />;
  const hasFreshRegions = state?.look != null && nowMs - state.look.atMs < 60_000;
  return (
    <>
      <header class="top">
        <h1>
          <img src="/favicon.ico" alt="" width="28" height="28" />
          Lookout
        </h1>
        {isMany && (
          <nav aria-label="Printers">
            <a href="/" aria-current={isFront ? 'page' : undefined}>
              All
            </a>
            {session?.printers.map((name) => (
              <a
                key={name}
                href={`/?printer=${encodeURIComponent(name)}`}
                aria-current={name === printerName ? 'page' : undefined}
              >
                {name}
              </a>
            ))}
          </nav>
        )}
        <p class="away" role="status">
          {live.isConnected ? (state?.recordTrouble ?? '') : 'Not connected. Trying again.'}
        </p>
      </header>
      <main>
        {isFront ? (
          <Front />
        ) : state === null ? (
          <p class="card">Connecting.</p>
        ) : (
          <>
            <Glance glance={state.glance} />
            <div class="columns">
              <div>
                <section class={editor.isOpen ? 'card view editing' : 'card view'} aria-label="Live picture">
                  <Picture
                    shown={shown}
                    problem={problem}
                    alt={`The print as camera ${state.camera.name} sees it`}
                  >
                    {editor.isOpen ? (
                      <MaskLayer editor={editor} />
                    ) : (
                      <Overlay
                        regions={hasFreshRegions ? (state.look?.regions ?? []) : []}
                        masks={state.masks}
                      />
                    )}
                  </Picture>
                  {editor.isOpen ? (
                    <MaskTools editor={editor} />
                  ) : (
                    <>
                      <Evidence state={state} nowMs={nowMs} />
                      <div class="tools">
                        <button type="button" class="small" onClick={editor.load}>
                          Ignore areas
                        </button>
                      </div>
                    </>
                  )}
                </section>
              </div>
              <div>
                <Actions state={state} say={say} />
                <Health state={state} nowMs={nowMs} />
              </div>
            </div>
            {live.track !== null && (
              <Chart track={live.track} failMs={state.evidence?.failMs ?? null} nowMs={nowMs} />
            )}
            <Incidents
              news={`${state.incident?.id} ${state.incident?.title} ${state.incident?.answer} ${state.question?.id} ${state.print.filename}`}
              say={say}
            />
            <Prints news={`${state.print.filename} ${state.print.kind}`} />
            <Settings />
          </>
        )}
      </main>
      <footer>moonraker-lookout {session?.version ?? ''}</footer>
      <div class={toast === null ? 'toast' : `toast shown ${toast.isBad ? 'bad' : ''}`} role="alert">
        {toast?.text ?? ''}
      </div>
    </>
  );
}

const place = document.getElementById('app');
if (place !== null) render(<App />, place);
