/** The project of the chaos stack. */
export const PROJECT = 'chaos';

/** Where the broker leaves what kept ending its process. */
export const DEAD_LETTERS = {
  topic: 'chaos.dead-letters',
  subscription: 'chaos.dead-letters.desk',
} as const;

/** How a topic of the load is made, and who listens to it. */
export interface ChaosSubscription {
  readonly topic: 'chaos.numbers' | 'chaos.ordered' | 'chaos.poison';
  readonly subscription: string;
  readonly ordered: boolean;
  /** Deliveries after which the broker gives up; four times the failures that the host permits. */
  readonly brokerAttempts: number;
}

/** Who must see every number, whatever happens. */
export const innocents = [
  {
    topic: 'chaos.numbers',
    subscription: 'chaos.transactional',
    ordered: false,
    brokerAttempts: 20,
  },
  {
    topic: 'chaos.numbers',
    subscription: 'chaos.idempotent',
    ordered: false,
    brokerAttempts: 20,
  },
  {
    topic: 'chaos.ordered',
    subscription: 'chaos.ordered',
    ordered: true,
    brokerAttempts: 20,
  },
] as const satisfies readonly ChaosSubscription[];

/** Whose handlers fail on every message until somebody mends them. */
export const poisonous = [
  {
    topic: 'chaos.poison',
    subscription: 'chaos.throws',
    ordered: false,
    brokerAttempts: 12,
  },
  {
    topic: 'chaos.poison',
    subscription: 'chaos.hangs',
    ordered: false,
    brokerAttempts: 12,
  },
  {
    topic: 'chaos.poison',
    subscription: 'chaos.exits',
    ordered: false,
    brokerAttempts: 5,
  },
] as const satisfies readonly ChaosSubscription[];

export type PoisonousSubscription = (typeof poisonous)[number]['subscription'];

/** Failures of a poisonous handler before its message is a dead letter. */
export const POISON_FAILURES = 3;
