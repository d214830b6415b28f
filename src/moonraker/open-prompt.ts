// Which macro prompt is on the users' screens, told from the lines that opened and ended it.
import type { PromptLine } from './prompt-script.ts';

/** The prompt that was begun last and not ended. There is only ever one. */
export interface OpenPrompt {
  readonly title: string;
  /** The incident, as buttons carry it, when the prompt is one of ours; null for another program's. */
  readonly promptId: string | null;
  /** False while its lines are still coming. */
  readonly isShown: boolean;
}

/** The open prompt after one more line. A new one discards the old, as both user interfaces do. */
export function nextOpenPrompt(open: OpenPrompt | null, line: PromptLine): OpenPrompt | null {
  switch (line.kind) {
    case 'begin':
      return { title: line.title, promptId: null, isShown: false };
    case 'button':
      return open === null || line.promptId === null ? open : { ...open, promptId: line.promptId };
    case 'show':
      return open === null ? null : { ...open, isShown: true };
    case 'end':
      return null;
    case 'answer':
      return open;
  }
}

/** What a run of lines comes to. */
export interface PromptHistory {
  /** What is open at its end. */
  readonly open: OpenPrompt | null;
  /** Prompts of ours that were ended within it. */
  readonly endedIds: ReadonlySet<string>;
}

/** Reads stored lines, oldest first. */
export function readPromptHistory(lines: Iterable<PromptLine>): PromptHistory {
  let open: OpenPrompt | null = null;
  const endedIds = new Set<string>();
  for (const line of lines) {
    if (line.kind === 'end' && open !== null && open.promptId !== null) endedIds.add(open.promptId);
    open = nextOpenPrompt(open, line);
    if (open !== null && open.promptId !== null) endedIds.delete(open.promptId);
  }
  return { open, endedIds };
}
