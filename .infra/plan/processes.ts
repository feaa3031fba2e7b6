import {
  deadLetterSubscriptions,
  personalizedDigestWorkers,
  workers,
} from '../common.ts';

/** A process in production. */
export interface PlannedProcess {
  readonly name: 'api' | 'background' | 'personalized-digest' | 'cdc';
  /** Subscriptions that it pulls. */
  readonly subscriptions: readonly string[];
  readonly publishes: 'direct-topics' | 'own-topics' | 'nothing';
  /** Port of `/health/*` and `/metrics`. */
  readonly port: number;
  /** Names of secrets, which are the names of variables too. */
  readonly secrets: readonly string[];
}

const names = (declared: readonly { readonly subscription: string }[]) =>
  declared.map(({ subscription }) => subscription);

/** The time a process has to finish, in seconds: DRAIN_TIMEOUT_SECONDS. */
export const drainSeconds = 25;

/** What Kubernetes waits before it kills: the drain, and what is closed after it. */
export const terminationGraceSeconds = drainSeconds + 10;

export const processes: readonly PlannedProcess[] = [
  {
    name: 'api',
    subscriptions: [],
    publishes: 'direct-topics',
    port: 5000,
    secrets: ['DATABASE_URL', 'API_SECRET', 'OPERATOR_SECRET'],
  },
  {
    name: 'background',
    subscriptions: names([...workers, ...deadLetterSubscriptions()]),
    publishes: 'direct-topics',
    port: 5001,
    secrets: ['DATABASE_URL'],
  },
  {
    name: 'personalized-digest',
    subscriptions: names(personalizedDigestWorkers),
    publishes: 'nothing',
    port: 5001,
    secrets: ['DATABASE_URL', 'SMTP_URL'],
  },
  {
    name: 'cdc',
    subscriptions: [],
    publishes: 'own-topics',
    port: 8080,
    secrets: [
      'DATABASE_HOST',
      'DATABASE_PORT',
      'DATABASE_NAME',
      'DATABASE_USER',
      'DATABASE_PASSWORD',
    ],
  },
];
