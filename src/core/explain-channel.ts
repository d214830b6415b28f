// Sentences about the channels themselves: one that reaches nobody is told on the others.
import type { Notice } from './types.ts';

/** Told on the other channels, once per outage of this one. `hint` may be ''. */
export function explainChannelDown(channel: string, message: string, hint: string): Notice {
  const next = hint === '' ? '' : ` ${hint}`;
  return { level: 'warning', text: `Lookout could not reach you through "${channel}": ${message}.${next}` };
}

/** The component in Moonraker is there and cannot be used. */
export function explainComponent(why: string): Notice {
  return { level: 'warning', text: `Lookout cannot use its component in Moonraker: ${why}.` };
}
