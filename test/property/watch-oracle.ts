// The rules that keep prints safe, written down once more from the rules alone, to be held against any sequence.
import assert from 'node:assert/strict';
import { isSameJob } from '../../src/core/job.ts';
import type { Answer, JobRef, Moment, Print } from '../../src/core/types.ts';
import type { DecideOptions, Effect, WatchInput } from '../../src/core/watch-state.ts';
import { createHeld } from './held-oracle.ts';

/** Follows a sequence from the outside and fails at the first effect that breaks a rule. */
export interface Oracle {
  check(input: WatchInput, effects: readonly Effect[], now: Moment): void;
}

/** What a resume or a false alarm has accepted. */
interface Acceptance {
  /** At most the score that was accepted. */
  score: number;
  isVoid: boolean;
}

const unseen: Print = { kind: 'not-ready', why: 'no-moonraker', message: '' };
const pausedTitle = /(?<!NOT )paused$/;

/** Moonraker is away, and with it all that is known of Klipper. */
function isGone(print: Print): boolean {
  return print.kind === 'not-ready' && print.why === 'no-moonraker';
}

/** Knows nothing but the inputs, the effects and the rules. */
export function createOracle(options: DecideOptions): Oracle {
  let print: Print = unseen;
  let job: JobRef | null = null;
  let pause: { readonly tickMs: number; readonly isOfFile: boolean } | null = null;
  let quietUntilTickMs = Number.NEGATIVE_INFINITY;
  let accepted: Acceptance | null = null;
  /** The alert or action that is open, with the score that opened it. */
  let open: { readonly id: string; readonly score: number } | null = null;
  let leastSince = 1;
  let idleOwed: number | null = null;
  let blind: { readonly sinceTickMs: number; told: number; isPermanent: boolean } | null = null;
  const held = createHeld();
  /** By incident: the order that is out, and has not been heard of since. */
  const pending = new Map<string, Answer>();
  const actedFor = new Set<string>();
  const answeredFor = new Set<string>();
  const askedFor = new Set<string>();
  const doneFor = new Set<string>();
  const pausedFor = new Set<string>();

  const isWatched = () =>
    print.kind === 'printing' && print.pauseFlag !== 'macro' && print.pauseFlag !== 'unsettled';

  function accept(score: number) {
    accepted = { score, isVoid: false };
    leastSince = 1;
  }

  function checkAction(input: WatchInput, effect: Extract<Effect, { kind: 'take-action' }>, now: Moment) {
    assert.ok(isWatched(), `an action on a print that is ${print.kind}`);
    assert.ok(!held.isHeld(job, now), 'an action on a print that is muted or switched off');
    if (options.onFailure === 'confirm') {
      assert.equal(input.kind, 'time-passed', 'a question ends with its time');
      assert.ok(askedFor.has(effect.incidentId), 'nobody was asked');
    } else {
      assert.equal(input.kind, 'frame-assessed', 'an action needs an assessment');
      if (input.kind !== 'frame-assessed') return;
      const { suggests } = input.assessment;
      assert.ok(suggests === null || suggests.isFailing, 'an action needs a failing print');
      assert.ok(job !== null && isSameJob(job, input.job), 'an action needs a frame of this print');
    }
    assert.ok(!actedFor.has(effect.incidentId), 'a second action for one incident');
    assert.ok(now.tickMs >= quietUntilTickMs, 'an action in the mute');
    assert.ok(accepted === null || accepted.isVoid, 'an action on an accepted scene');
    assert.equal(effect.action, options.onFailure === 'confirm' ? 'pause' : options.onFailure);
    assert.notEqual(effect.action, 'alert');
    if (effect.action === 'pause' || effect.action === 'cancel') order(effect.incidentId, effect.action);
  }

  /** The same again while it is under way would be a second PAUSE, RESUME, CANCEL_PRINT or EXCLUDE_OBJECT in Klipper's queue. */
  function order(id: string, what: Answer) {
    // What was asked without an alert is of no incident: the printer itself makes one of two.
    if (id === '') return;
    assert.notEqual(pending.get(id), what, `${what} is under way already`);
    pending.set(id, what);
  }

  function checkEffect(input: WatchInput, effect: Effect, now: Moment) {
    const id =
      effect.kind === 'raise-alert'
        ? effect.alert.incidentId
        : 'incidentId' in effect
          ? effect.incidentId
          : null;
    // What was asked without an alert belongs to none.
    if (id !== null) assert.match(id, input.kind === 'commanded' ? /^[a-z0-9]*$/ : /^[a-z0-9]+$/);
    switch (effect.kind) {
      case 'take-action':
        checkAction(input, effect, now);
        actedFor.add(effect.incidentId);
        return;
      case 'raise-alert': {
        const { title, lines } = effect.alert;
        for (const text of [title, ...lines]) assert.doesNotMatch(text, /[;|"\n]/);
        if (effect.alert.answers.includes('ignore')) askedFor.add(effect.alert.incidentId);
        // What is shown can be answered.
        pending.delete(effect.alert.incidentId);
        const isSeen = doneFor.has(effect.alert.incidentId) || print.kind === 'paused';
        if (pausedTitle.test(title)) assert.ok(isSeen, 'said to be paused, and nobody has seen it');
        if (pausedTitle.test(title)) doneFor.add(effect.alert.incidentId);
        if (pausedTitle.test(title) || title.includes('G-code was run'))
          pausedFor.add(effect.alert.incidentId);
        return;
      }
      case 'do-answer': {
        const isLate = input.kind === 'action-finished' && answeredFor.has(effect.incidentId);
        const isAsked = input.kind === 'answered' || input.kind === 'commanded';
        assert.ok(isAsked || isLate, 'an answer that nobody gave');
        assert.notEqual(job, null, 'an order with nothing printing');
        const isFalseAlarm = input.kind === 'answered' && input.answer === 'false-alarm';
        if (isFalseAlarm) {
          assert.equal(effect.answer, 'resume');
          assert.ok(pausedFor.has(effect.incidentId), "a false alarm resumes somebody else's pause");
        }
        if (effect.answer === 'pause') pausedFor.add(effect.incidentId);
        order(effect.incidentId, effect.answer);
        return;
      }
      case 'skip-object':
        assert.ok(input.kind === 'answered' && input.answer === 'skip-object', 'nobody has said to skip it');
        assert.notEqual(options.bedCorners, undefined);
        assert.match(effect.object, /^(LEFT|RIGHT)$/);
        order(effect.incidentId, 'skip-object');
        return;
      case 'set-idle-timeout':
        // Lengthened for a pause that is over by now.
        if (input.kind === 'idle-timeout-lengthened' && effect.seconds === input.beforeS) return;
        assert.equal(effect.seconds, idleOwed, 'an idle timeout that is not ours to give back');
        idleOwed = null;
        return;
      case 'tell':
        assert.doesNotMatch(effect.notice.text, /[;|"\n]/);
        if (effect.notice.text.includes('is blind')) checkBlind(now);
        return;
      default:
        return;
    }
  }

  function checkBlind(now: Moment) {
    assert.ok(blind !== null && (isWatched() || isGone(print)), 'told to be blind, and is not');
    assert.ok(!held.isHeld(job, now), 'told to be blind, and nobody is to look');
    const isDue = blind.isPermanent || now.tickMs - blind.sinceTickMs >= options.blindAfterMs;
    assert.ok(isDue, 'told to be blind too soon');
    blind.told += 1;
    assert.ok(blind.told <= 2, 'told of one outage over and over');
  }

  function hearPrint(next: Print, effects: readonly Effect[], now: Moment) {
    const nextJob = 'job' in next && next.kind !== 'ended' ? next.job : null;
    const isAway = next.kind === 'not-ready';
    const isOther = !isAway && (nextJob === null || job === null || !isSameJob(job, nextJob));
    // A print that was watched is taken to go on without Moonraker.
    if (isGone(next) && isWatched()) blind ??= { sinceTickMs: now.tickMs, told: 0, isPermanent: false };
    print = next;
    // A break may begin the telling anew.
    if (blind !== null && (isAway || next.kind === 'paused')) blind.told = 0;
    if (isAway) {
      pending.clear();
      return;
    }
    if (isOther) {
      // Given back with the effects of this very step.
      if (idleOwed !== null)
        assert.ok(
          effects.some(({ kind }) => kind === 'set-idle-timeout'),
          'idle timeout kept',
        );
      held.endPrint();
      pending.clear();
      job = nextJob;
      pause = null;
      accepted = null;
      open = null;
      quietUntilTickMs = Number.NEGATIVE_INFINITY;
      blind = null;
    }
    if (next.kind === 'paused') pause ??= { tickMs: now.tickMs, isOfFile: next.by === 'file' };
    const isResumed = pause !== null && (next.kind === 'printing' || next.kind === 'heating');
    if (!isResumed || pause === null) return;
    pending.clear();
    const isByMacro = pause.isOfFile && now.tickMs - pause.tickMs < 20_000;
    pause = null;
    if (idleOwed !== null)
      assert.ok(
        effects.some(({ kind }) => kind === 'set-idle-timeout'),
        'idle timeout kept',
      );
    if (isByMacro) {
      // Unless an answer was given meanwhile: then somebody has looked, and the alert is closed.
      if (effects.some(({ kind }) => kind === 'close-alert')) open = null;
      return;
    }
    quietUntilTickMs = now.tickMs + options.resumeMuteMs;
    if (open !== null) accept(open.score);
    // With no alert open, the trouble of the last look is what is accepted.
    else if (accepted !== null) accepted.score = Math.min(accepted.score, leastSince);
    open = null;
    if (blind?.told === 0) blind = null;
  }

  function hearBefore(input: WatchInput, now: Moment) {
    switch (input.kind) {
      case 'frame-assessed': {
        if (job === null || !isSameJob(job, input.job) || !isWatched() || held.isHeld(job, now)) return;
        const { suggests, quality, score } = input.assessment;
        // What of it counts depends on all that was seen before.
        if (suggests === null) {
          if (accepted !== null) accepted.isVoid = true;
          leastSince = 0;
          return;
        }
        const isTrouble = suggests?.isWarning === true || suggests?.isFailing === true;
        const isClear = !isTrouble && quality !== null && quality > 5;
        if (accepted === null) return;
        leastSince = isClear ? leastSince : Math.min(leastSince, score);
        if (isClear || (isTrouble && score >= accepted.score + 0.15 - 1e-9)) accepted.isVoid = true;
        return;
      }
      case 'frame-missed':
        blind ??= { sinceTickMs: now.tickMs, told: 0, isPermanent: false };
        blind.isPermanent ||= input.fault.isPermanent;
        return;
      case 'action-finished':
      case 'answer-finished':
        if (input.outcome.kind !== 'delayed') pending.delete(input.incidentId);
        if (input.outcome.kind !== 'done') return;
        // Leaving an object out has nothing to do with the idle timeout.
        if (input.kind === 'answer-finished' && input.answer === 'skip-object') return;
        idleOwed ??= input.outcome.idleTimeoutBeforeS;
        if (input.kind === 'action-finished') doneFor.add(input.incidentId);
        if (input.kind === 'action-finished') pausedFor.add(input.incidentId);
        return;
      case 'answered':
        if (input.incidentId !== null) answeredFor.add(input.incidentId);
        else if (open !== null) answeredFor.add(open.id);
        return;
      case 'restarted':
        // Nothing is known of the printer until it is seen again.
        print = unseen;
        blind = null;
        pending.clear();
        return;
      case 'commanded':
        held.hear(input.command, job, now);
        if (held.isHeld(job, now)) blind = null;
        return;
      case 'idle-timeout-lengthened':
        if (pause !== null) idleOwed ??= input.beforeS;
        return;
      default:
        return;
    }
  }

  function hearAfter(input: WatchInput, effects: readonly Effect[], now: Moment) {
    for (const effect of effects) {
      const isOpening = effect.kind === 'raise-alert' || effect.kind === 'take-action';
      const id =
        effect.kind === 'raise-alert'
          ? effect.alert.incidentId
          : 'incidentId' in effect
            ? effect.incidentId
            : '';
      if (isOpening && open?.id !== id && input.kind === 'frame-assessed') {
        open = { id, score: input.assessment.score };
      }
    }
    if (input.kind === 'answered' && open !== null) {
      const isOurs = input.incidentId === null || input.incidentId === open.id;
      const isWave = ['false-alarm', 'resume', 'ignore'].includes(input.answer);
      if (isOurs && isWave && pause === null && job !== null) {
        quietUntilTickMs = now.tickMs + options.resumeMuteMs;
        accept(open.score);
        open = null;
      }
    }
    const isClosed = effects.some(
      (effect) => effect.kind === 'close-alert' && effect.incidentId === open?.id,
    );
    if (isClosed && open !== null && input.kind === 'answer-finished' && input.answer === 'skip-object') {
      quietUntilTickMs = now.tickMs + options.resumeMuteMs;
      accept(open.score);
      open = null;
    }
    if (isClosed && ['frame-assessed', 'time-passed', 'commanded'].includes(input.kind)) open = null;
    if (input.kind === 'frame-assessed' && isWatched() && blind !== null && !held.isHeld(job, now)) {
      if (job !== null && isSameJob(job, input.job)) blind = null;
    }
  }

  return {
    check: (input, effects, now) => {
      hearBefore(input, now);
      if (input.kind === 'print-changed') hearPrint(input.print, effects, now);
      for (const effect of effects) checkEffect(input, effect, now);
      hearAfter(input, effects, now);
    },
  };
}
