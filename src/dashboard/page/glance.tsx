// The first glance: one colour, a few words, a sentence.
import type { Glance as GlanceFacts, Mood } from '../../core/explain-glance.ts';

const paths: Readonly<Record<Mood, string>> = {
  fine: 'M5 12.500l4.500 4.500L19 7.500',
  resting: 'M8 12h8',
  'watch-out': 'M12 6.500v7M12 17.200v.3',
  'look-here': 'M9 6.500v11M15 6.500v11',
  'cannot-see':
    'M5 5l14 14M10 6.800A9.500 9.500 0 0112 6.500c4 0 7 2.500 9 5.500a14 14 0 01-2.600 3M6.500 8A14 14 0 003 12c2 3 5 5.500 9 5.500 1.300 0 2.500-.3 3.600-.7',
};

/** The sign of a mood. */
export function MoodSign({ mood }: { readonly mood: Mood }) {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[mood]} />
    </svg>
  );
}

/** The verdict for a person. It is spoken by a screen reader whenever its words change. */
export function Glance(props: { readonly glance: GlanceFacts; readonly name?: string }) {
  const { glance, name = 'glance' } = props;
  const id = `glance-${name}`;
  return (
    <section class={`glance ${glance.mood}`} aria-labelledby={id}>
      <MoodSign mood={glance.mood} />
      <div role="status" aria-live="polite">
        <h2 id={id}>{glance.title}</h2>
        <p>{glance.text}</p>
      </div>
    </section>
  );
}
