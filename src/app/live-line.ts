// One line that says how the print is doing: for the terminal of the demo and the service's status.
import { explainGate, sayDuration } from '../core/explain.ts';
import { sayLoad } from '../core/explain-busy.ts';
import { sayShadow } from '../core/explain-shadow.ts';
import type { Job, Print } from '../core/types.ts';
import type { WatchStatus } from './watch.ts';

/** Such as `printing layer 12/40 · clear · quality 9/10 · 3 calls`. Never holds a file name. */
export function liveLine(status: WatchStatus, nowTickMs: number): string {
  const { state, gate, print } = status;
  const parts = [printText(print)];
  // Only where the print itself does not say it: start_after, a macro's pause, switched off.
  if (gate !== null && (print.kind === 'printing' || gate.kind === 'switched-off'))
    parts.push(explainGate(gate));
  if (state.job !== null) parts.push(verdictText(status, nowTickMs));
  const shadow = sayShadow(state, status.mode === 'shadow', nowTickMs);
  if (shadow !== null) parts.push(shadow);
  const quality = state.last?.assessment.quality ?? null;
  if (state.job !== null && quality !== null) parts.push(`quality ${quality}/10`);
  if (state.busy !== null) parts.push(`host busy (load ${sayLoad(state.busy.load)})`);
  if (state.blind !== null) parts.push(`blind: ${state.blind.fault.code}`);
  const quietMs = (state.quietUntilTickMs ?? 0) - nowTickMs;
  if (state.job !== null && quietMs > 0) parts.push(`quiet for ${sayDuration(quietMs)}`);
  parts.push(`${status.calls} ${status.calls === 1 ? 'call' : 'calls'}`);
  return parts.join(' · ');
}

function printText(print: Print): string {
  switch (print.kind) {
    case 'not-ready':
      return `printer not ready: ${print.message.split('\n')[0] ?? ''}`;
    case 'idle':
      return 'idle';
    case 'heating':
      return 'heating';
    case 'printing':
      return `printing${layerText(print.job)}`;
    case 'paused':
      return `paused (${print.by})${layerText(print.job)}`;
    case 'ended':
      return `print ${print.how}`;
  }
}

function layerText({ layer, totalLayer }: Job): string {
  if (layer === null) return '';
  return totalLayer === null ? ` layer ${layer}` : ` layer ${layer}/${totalLayer}`;
}

function verdictText({ state }: WatchStatus, nowTickMs: number): string {
  const verdict = state.incident?.level ?? state.verdict;
  if (state.trouble === null) return verdict;
  return `${verdict}, trouble for ${sayDuration(nowTickMs - state.trouble.since.tickMs)}`;
}
