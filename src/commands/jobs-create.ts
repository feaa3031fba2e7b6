import { Command, Option } from 'commander';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { createJobs, type JobOptions } from '../jobs/create-job.ts';
import type { JobName } from '../jobs/declarations.ts';
import { QueuePriority, TenantTier } from '../jobs/queue.ts';
import { count } from './dead-letters-filter.ts';
import { InputError, jsonArgument } from './input.ts';
import { withActor } from './operator.ts';

interface Options extends Operator {
  readonly runAt?: string;
  readonly queue?: string;
  readonly priority?: keyof typeof QueuePriority;
  readonly tenant?: string;
  readonly tier?: TenantTier;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly attempts?: number;
  readonly timeout?: number;
  readonly json?: true;
}

const tenantOf = ({ tenant, tier }: Options) => {
  if (tenant !== undefined)
    return { tenant: { id: tenant, ...(tier && { tier }) } };
  if (tier === undefined) return {};
  throw new InputError('expected --tenant with --tier, got --tier alone');
};

/** What is checked is checked where jobs are made: by their declaration, for everybody alike. */
const optionsOf = (payload: unknown, given: Options): JobOptions<JobName> =>
  ({
    payload,
    ...(given.runAt !== undefined && { run_at: given.runAt }),
    ...(given.queue !== undefined && { queue: given.queue }),
    ...(given.priority && { priority: QueuePriority[given.priority] }),
    ...tenantOf(given),
    ...(given.key !== undefined && { key: given.key }),
    ...(given.idempotencyKey !== undefined && {
      idempotencyKey: given.idempotencyKey,
    }),
    ...(given.attempts !== undefined && { attempts: given.attempts }),
    ...(given.timeout !== undefined && { timeout: given.timeout }),
  }) as JobOptions<JobName>;

const create = async (
  name: string,
  json: string | undefined,
  given: Options,
): Promise<void> => {
  const options = optionsOf(await jsonArgument(json), given);
  const { actor, reason } = given;
  try {
    const con = await createOrGetConnection();
    const job = await con.transaction(async (manager) => {
      const [made] = await createJobs(name as JobName, [options], { manager });
      if (made!.created)
        await recordAction(manager, {
          operation: newOperation(),
          action: 'jobs.create',
          actor,
          reason,
          filter: { name, job: made!.id },
          counts: {},
        });
      return made!;
    });
    if (given.json) console.log(JSON.stringify(job));
    else
      console.log(
        job.created
          ? `created ${job.id}; nightshift jobs show ${job.id}`
          : `a job with this key was there before: ${job.id}`,
      );
  } finally {
    await closeConnection();
  }
};

/** `nightshift jobs create` */
export const createCommand = (): Command =>
  withActor(
    new Command('create')
      .argument('<name>', 'the name of a declared job')
      .argument(
        '[payload]',
        'JSON, @path for a file, @- for the standard input (default: null)',
      ),
  )
    .description('create a job, checked as the application would check it')
    .option(
      '--run-at <time>',
      'not before this time, with its zone: 2026-12-24T18:00:00+01:00',
    )
    .option('--queue <name>', "instead of the job's own")
    .addOption(
      new Option('--priority <priority>', "instead of the job's own").choices(
        Object.keys(QueuePriority),
      ),
    )
    .option('--tenant <id>', 'whose job it is: limits count by it')
    .addOption(
      new Option('--tier <tier>', "the tenant's").choices(
        Object.values(TenantTier),
      ),
    )
    .option('--key <key>', 'jobs of one key keep their order in a strict queue')
    .option(
      '--idempotency-key <key>',
      'a second job with the same key is never created',
    )
    .option('--attempts <count>', 'in all', count(100))
    .option('--timeout <seconds>', 'for one attempt', count(86_400))
    .option('--reason <text>', 'why, for the audit log')
    .option('--json', 'print { id, created } as one line')
    .addHelpText(
      'after',
      `
Examples:
  nightshift jobs create greet-user '{"userId":"01941f29-7c00-7e5f-9885-ffac2c6b8425"}'
  nightshift jobs create generate-export @export.json --idempotency-key 'march' --run-at 2026-12-24T18:00:00Z`,
    )
    .action(create);
