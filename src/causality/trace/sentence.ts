import type { Attempt } from './node.ts';

const times = (count: number): string =>
  count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;

export interface Told {
  readonly attempts: readonly Attempt[];
  /** Deliveries: attempts, and what came meanwhile or was given back without running. */
  readonly deliveries: number;
  /** The inbox has the event: its effects are committed, once. */
  readonly effected: boolean;
  /** The least share of successes that its subscription recorded then; `undefined` if it recorded none at all. */
  readonly share?: number | undefined;
  /** It stands open at the dead-letter desk. */
  readonly isDeadLetter: boolean;
}

/** What became of an event at a subscription, in one sentence. */
export const sentenceOf = ({
  attempts,
  deliveries,
  effected,
  isDeadLetter,
  share,
}: Told): string => {
  const counted = (outcome: string) =>
    attempts.filter((each) => each.outcome === outcome).length;
  const failed = counted('nack') + counted('dead-letter');
  const duplicates = counted('duplicate');
  const acked = counted('ack');
  const details = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(duplicates > 0
      ? [`${duplicates} ${duplicates === 1 ? 'duplicate' : 'duplicates'}`]
      : []),
  ].join(', ');
  const what = effected
    ? 'effected once'
    : acked > 0
      ? `handled ${times(acked)}`
      : isDeadLetter
        ? 'a dead letter'
        : 'not handled yet';
  if (attempts.length === 0)
    return effected || isDeadLetter
      ? `${what}; its attempts were not recorded`
      : share === undefined
        ? 'nothing is recorded: not delivered yet, or its process records nothing'
        : share < 1
          ? `nothing is recorded: of the successes then 1 in ${Math.round(1 / share)} was`
          : // What a process has handled since its last write goes with it when it is killed.
            'nothing is recorded: not delivered yet, or by a process that was killed within a second';
  return `delivered ${times(deliveries)}, ${what}${details === '' ? '' : ` (${details})`}`;
};
