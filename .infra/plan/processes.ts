import {
  deadLetterSubscriptions,
  personalizedDigestWorkers,
  workers,
} from '../common.ts';
import type { StackSettings } from './resource.ts';

/** A process in production. Its account may do what is said here, and nothing else. */
export interface PlannedProcess {
  readonly name: 'api' | 'background' | 'jobs' | 'personalized-digest' | 'cdc';
  /** Arguments of the image's entry point; none runs Debezium Server. */
  readonly command?: readonly string[];
  /** Subscriptions that it pulls. */
  readonly subscriptions: readonly string[];
  /** `direct` are topics that bypass the outbox; `streamed` those that Debezium fills. */
  readonly publishes: 'direct' | 'streamed' | 'nothing';
  /** Whether it reads, writes, deletes and links exports. */
  readonly exports: boolean;
  /** Port of `/health/*` and `/metrics`. */
  readonly port: number;
  /** Names of secrets, which are the names of variables too. */
  readonly secrets: readonly string[];
  /** Those of features that a stack need not have; a pod waits for each that its stack names. */
  readonly optionalSecrets: readonly string[];
  /** Memory of a replica: what it holds under load, and half as much on top. */
  readonly memory: '512Mi' | '768Mi' | '1Gi';
  /** What its autoscaler follows; `none` is one replica, replaced only after it ended. */
  readonly scaledBy: 'backlog' | 'processor' | 'jobs' | 'none';
}

const names = (declared: readonly { readonly subscription: string }[]) =>
  declared.map(({ subscription }) => subscription);

/** The time a process has to finish, in seconds: DRAIN_TIMEOUT_SECONDS. */
export const drainSeconds = 25;

/** What Kubernetes waits before it kills: the drain, and what is closed after it. */
export const terminationGraceSeconds = drainSeconds + 10;

/** Connections that a replica holds at most: DATABASE_POOL_SIZE. */
export const poolSize = 40;

/**
 * Connections of the database: a full pool for every replica that may run at once, those that a rolling update
 * starts beforehand too (a quarter, rounded up), and some for Debezium, migrations and people.
 */
export const databaseConnections = (maximumReplicas: number): number =>
  processes.filter(({ command }) => command !== undefined).length *
    (maximumReplicas + Math.ceil(maximumReplicas / 4)) *
    poolSize +
  40;

/** Names of the secrets that a process has in a stack. */
export const secretsOf = (
  { optionalSecrets: had }: StackSettings,
  { secrets, optionalSecrets }: PlannedProcess,
): readonly string[] => [
  ...secrets,
  ...optionalSecrets.filter((name) => had.includes(name)),
];

/** Every process that runs for good. What recurs is in `src/crons.ts`, which `jobs` fires: no CronJob. */
export const processes: readonly PlannedProcess[] = [
  {
    name: 'api',
    command: ['api'],
    subscriptions: [],
    publishes: 'direct',
    exports: true,
    port: 5000,
    secrets: [
      'DATABASE_URL',
      'API_SECRET',
      'OPERATOR_SECRET',
      'JOB_API_SECRET',
      'WORKER_INVOCATION_SECRET',
      // It runs jobs and workers too, when it is asked to.
      'SMTP_URL',
    ],
    optionalSecrets: [
      'CRM_TOKEN',
      'OPERATORS',
      'OPERATOR_WEBHOOK_URL',
      'GROWTHBOOK_CLIENT_KEY',
    ],
    memory: '512Mi',
    scaledBy: 'processor',
  },
  {
    name: 'background',
    command: ['background', '--no-jobs'],
    subscriptions: names([...workers, ...deadLetterSubscriptions()]),
    publishes: 'nothing',
    exports: false,
    port: 5001,
    secrets: ['DATABASE_URL', 'SMTP_URL'],
    optionalSecrets: ['CRM_TOKEN', 'GROWTHBOOK_CLIENT_KEY'],
    memory: '768Mi',
    scaledBy: 'backlog',
  },
  {
    name: 'jobs',
    command: ['jobs'],
    subscriptions: [],
    publishes: 'nothing',
    exports: true,
    port: 5001,
    secrets: ['DATABASE_URL', 'SMTP_URL'],
    optionalSecrets: ['OPERATOR_WEBHOOK_URL'],
    memory: '512Mi',
    scaledBy: 'jobs',
  },
  {
    name: 'personalized-digest',
    command: ['personalized-digest'],
    subscriptions: names(personalizedDigestWorkers),
    publishes: 'nothing',
    exports: false,
    port: 5001,
    secrets: ['DATABASE_URL', 'SMTP_URL'],
    optionalSecrets: [],
    memory: '512Mi',
    scaledBy: 'backlog',
  },
  {
    name: 'cdc',
    subscriptions: [],
    publishes: 'streamed',
    exports: false,
    port: 8080,
    secrets: [
      'DATABASE_HOST',
      'DATABASE_PORT',
      'DATABASE_NAME',
      'DATABASE_USER',
      'DATABASE_PASSWORD',
    ],
    optionalSecrets: [],
    memory: '1Gi',
    scaledBy: 'none',
  },
];
