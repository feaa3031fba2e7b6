import pg from 'pg';

import { slotName } from '../cdc/tables.ts';
import { createPublisherClient } from '../host/clients.ts';
import type { Query } from '../schema/query.ts';
import {
  type Check,
  type Deployment,
  type Finding,
  type Level,
  type Patient,
  UnreachableError,
} from './check.ts';
import { checks as allChecks } from './checks/index.ts';
import { examineEnvironment } from './environment.ts';

/** How long one check may take, in milliseconds. */
const checkMilliseconds = 8_000;
/** Shorter, so that Postgres gives the reason before the check's time is up. */
const databaseMilliseconds = 5_000;

/** One finding with the check that made it. */
export interface Diagnosis extends Finding {
  readonly check: string;
}

export interface ExamineOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** The replication slot. @default 'nightshift_cdc' */
  readonly slot?: string;
  /** @default every check */
  readonly checks?: readonly Check[];
  /** Time limit of each check. @default 8000 */
  readonly timeoutMilliseconds?: number;
  /** What runs where. @default nothing, and checks of it find nothing */
  readonly deployment?: Deployment;
  /** Processes to ask. @default whoever answers at HEALTH_PORT of this machine */
  readonly healthUrls?: readonly string[];
  /** How long replication may take to reach a position, in seconds. @default 5 */
  readonly waitSeconds?: number;
}

const messageOf = (error: unknown): string =>
  // Node's connection errors may have an empty message and the reason in `code`.
  error instanceof Error
    ? error.message ||
      ('code' in error ? String(error.code) : error.constructor.name)
    : String(error);

const within = async <Result>(
  milliseconds: number,
  work: Promise<Result>,
): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
};

const queryOn =
  (pool: pg.Pool): Query =>
  async <Row>(sql: string, parameters: readonly unknown[] = []) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw new UnreachableError('database', messageOf(error), {
        cause: error,
      });
    });
    try {
      return (await client.query(sql, [...parameters])).rows as Row[];
    } finally {
      client.release();
    }
  };

const remedies = {
  database:
    'check DATABASE_URL and that Postgres runs (locally: npx pnpm dev:background)',
  broker:
    'check PUBSUB_EMULATOR_HOST and PUBSUB_PROJECT_ID, and that the broker runs (locally: nightshift pubsub)',
} as const;

/** A check that could not be made is a finding. */
const failureOf = ({ needs }: Check, error: unknown): Finding => {
  if (error instanceof UnreachableError)
    return needs.includes(error.service)
      ? {
          level: 'note',
          message: `Not checked, because the ${error.service} cannot be reached.`,
        }
      : {
          level: 'broken',
          message: `${error.message}.`,
          remedy: remedies[error.service],
        };
  return { level: 'broken', message: `The check failed: ${messageOf(error)}.` };
};

/**
 * Runs every check at once, each within its own time, so that one which fails or hangs hides no
 * other. Changes no data.
 *
 * @returns every finding, in the order of the checks.
 */
export const examine = async (
  options: ExamineOptions,
): Promise<Diagnosis[]> => {
  const {
    environment,
    checks = allChecks,
    slot = slotName,
    timeoutMilliseconds = checkMilliseconds,
    deployment = { processes: [], retention: [] },
    healthUrls = [],
    waitSeconds = 5,
  } = options;
  const { config, findings } = examineEnvironment(environment);
  const pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    application_name: 'nightshift doctor',
    max: 4,
    connectionTimeoutMillis: databaseMilliseconds,
    statement_timeout: databaseMilliseconds,
  });
  // A connection that breaks while idle is reported by the next check that asks for one.
  pool.on('error', () => undefined);
  const pubsub = createPublisherClient({
    projectId: config.PUBSUB_PROJECT_ID,
    emulatorHost: config.PUBSUB_EMULATOR_HOST,
  });
  const patient: Patient = {
    config,
    query: queryOn(pool),
    pubsub,
    slot,
    deployment,
    healthUrls,
    waitSeconds,
  };
  try {
    const diagnoses = await Promise.all(
      checks.map(async (check): Promise<Diagnosis[]> => {
        const found = await within(
          timeoutMilliseconds + (check.waits ? waitSeconds * 1_000 : 0),
          Promise.resolve().then(() => check.run(patient)),
        ).catch((error: unknown) => [failureOf(check, error)]);
        return found.map((finding) => ({ check: check.name, ...finding }));
      }),
    );
    return [
      ...findings.map((finding) => ({ check: 'environment', ...finding })),
      ...diagnoses.flat(),
    ];
  } finally {
    // Neither may keep the command from ending.
    await Promise.allSettled([
      within(1_000, pool.end()),
      within(1_000, pubsub.close()),
    ]);
  }
};

/** Whether something is broken. */
export const isBroken = ({ level }: { readonly level: Level }): boolean =>
  level === 'broken';
