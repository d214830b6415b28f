// The first glance at a watched print, in a few words: fine, watch out, look here, or cannot see.
import { explainAlert, explainGate, sayDuration } from './explain.ts';
import { sayWouldHave } from './explain-would-have.ts';
import type { Gate } from './gates.ts';
import { isShadow } from './incident.ts';
import type { Moment, Print } from './types.ts';
import type { WatchState } from './watch-state.ts';

/** `resting`: nothing is to be judged now, and that is as it should be. */
export type Mood = 'fine' | 'resting' | 'watch-out' | 'look-here' | 'cannot-see';

/** What a person should know first. */
export interface Glance {
  readonly mood: Mood;
  /** A few words, without a full stop. */
  readonly title: string;
  /** A sentence or two. */
  readonly text: string;
}

/** What the glance is taken at. */
export interface Glanced {
  readonly print: Print;
  /** Why no frame is judged now; null while frames are judged. */
  readonly gate: Gate | null;
  readonly state: WatchState;
}

/** The glance at `now`. An open incident comes first, then what keeps us from seeing, then why nothing is judged. */
export function explainGlance({ print, gate, state }: Glanced, now: Moment): Glance {
  const { incident, blind } = state;
  if (incident !== null) {
    const isPaused = print.kind === 'paused';
    const alert = explainAlert(incident, now, isPaused);
    const text = alert.lines.join(' ');
    // Nothing was done and nobody need come.
    if (isShadow(incident)) return { mood: 'watch-out', title: `Shadow: ${sayWouldHave(incident)}`, text };
    if (incident.level === 'failing')
      return { mood: 'look-here', title: failingTitle(isPaused, incident.action?.state === 'failed'), text };
    return {
      mood: isPaused ? 'look-here' : 'watch-out',
      title: isPaused ? 'Paused: look here' : 'Watch out',
      text,
    };
  }
  if (print.kind === 'not-ready') {
    return {
      mood: 'cannot-see',
      title: 'Cannot see the printer',
      text: sentence(print.message.split('\n', 1)[0] ?? ''),
    };
  }
  if (gate !== null) return { mood: 'resting', ...restingText(print, gate) };
  if (blind !== null) {
    const since = sayDuration(now.tickMs - blind.since.tickMs);
    const hint = blind.fault.hint === '' ? '' : ` ${blind.fault.hint}`;
    return {
      mood: 'cannot-see',
      title: 'Cannot see',
      text: `Because ${blind.fault.message} (for ${since}).${hint}`,
    };
  }
  if (state.last === null)
    return {
      mood: 'resting',
      title: 'Taking the first look',
      text: 'The print is being watched from now on.',
    };
  if (state.verdict === 'clear')
    return { mood: 'fine', title: 'Looks fine', text: 'Nothing suspicious in the last picture.' };
  if (state.quietUntilTickMs !== null && now.tickMs < state.quietUntilTickMs) {
    const left = sayDuration(state.quietUntilTickMs - now.tickMs);
    return { mood: 'fine', title: 'Going on, as you said', text: `Lookout stays quiet for another ${left}.` };
  }
  return {
    mood: 'watch-out',
    title: 'Looking closely',
    text: 'Something does not look right. Lookout waits until it is sure.',
  };
}

function failingTitle(isPaused: boolean, hasActionFailed: boolean): string {
  if (isPaused) return 'Paused: look here';
  return hasActionFailed ? 'Failing and NOT stopped: look here' : 'Failing: look here';
}

function restingText(print: Print, gate: Gate): { title: string; text: string } {
  const why = sentence(explainGate(gate));
  if (print.kind === 'ended') {
    const how = {
      complete: 'Print finished',
      cancelled: 'Print cancelled',
      error: 'Print ended with an error',
    }[print.how];
    return { title: how, text: print.message === '' ? why : sentence(print.message) };
  }
  if (print.kind === 'paused') return { title: 'Paused', text: why };
  if (print.kind === 'idle') return { title: 'Nothing to watch', text: why };
  return { title: 'Not judging yet', text: why };
}

function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}
