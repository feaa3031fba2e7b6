import { Command } from 'commander';

import { anyNamesUser } from '../flows/definitions/personal-data.ts';
import type { Operator } from '../dead-letters/audit.ts';
import {
  type ForgetCount,
  type ForgetReport,
  forgetUser,
} from '../dead-letters/forget.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { checkSchema } from '../schema/check.ts';
import { withActor } from './operator.ts';
import { Progress } from './progress.ts';
import { type Column, table } from './table.ts';

interface ForgetOptions extends Operator {
  readonly dryRun?: true;
  readonly json?: true;
  readonly mentions?: true;
}

const columns: readonly Column<ForgetCount>[] = [
  ['PLACE', ({ place }) => place],
  ['TOPIC', ({ topic }) => topic],
  ['NAMED', ({ named }) => String(named)],
  ['MENTIONED', ({ mentioned }) => String(mentioned)],
];

const describe = (
  { found, erased, left, running }: ForgetReport,
  dryRun: boolean,
): string =>
  [
    ...(found.length === 0
      ? [
          'no payload at the desk, in the outbox, of a flow or of a job holds the id',
        ]
      : [table(columns, found), '']),
    dryRun ? 'nothing was erased (--dry-run)' : `${erased} erased`,
    ...(left > 0
      ? [
          `${left} that only mention the id ${dryRun ? 'would be' : 'were'} left; --mentions erases them, too`,
        ]
      : []),
    ...(running > 0
      ? [
          `${running} of jobs or flows that run were left; run this again when they have ended`,
        ]
      : []),
  ].join('\n');

const run = async (user: string, options: ForgetOptions): Promise<void> => {
  const { actor, reason, dryRun = false, mentions = false, json } = options;
  const progress = new Progress();
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    const report = await forgetUser(con, {
      user,
      actor,
      reason,
      dryRun,
      mentions,
      names: (topic, payload) => anyNamesUser(topic, payload, user),
      onProgress: (place, rows) =>
        progress.tell(`${place}: ${rows} rows looked through`),
    });
    progress.end();
    console.log(
      json ? JSON.stringify({ ...report, dryRun }) : describe(report, dryRun),
    );
    if (report.left + report.running > 0) process.exitCode = 2;
  } finally {
    progress.end();
    await closeConnection();
  }
};

/** `nightshift forget`: erases what payloads hold of a user. */
export const forgetCommand = (): Command =>
  withActor(new Command('forget'))
    .description(
      "erase a user's payloads from the desk, the outbox, flows and jobs",
    )
    .argument('<user>', "the user's id, a UUID")
    .option('--dry-run', 'show what would be erased')
    .option(
      '--mentions',
      'erase also payloads that hold the id elsewhere than where those of their topic name a user',
    )
    .option('--reason <text>', 'why, for the audit log')
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
Where payloads name a user is written by topic in src/common/personal-data.ts, by job in
src/jobs/personal-data.ts, by flow in src/flows/definitions/personal-data.ts. At the desk and in the
archive of jobs stays that something was there, without what it held; rows of the outbox go, and so do jobs
that do not run and flows that have ended. Run it after the account is closed: what is still on its way
through the broker is not reached, and lands here if it fails. The audit log says how much was erased, not
of whom; do not put a name into --reason.

Exit code: 0 if nothing is left, 2 if payloads mention the user, or are of jobs or flows that run, and were
left, 1 if the command could not run.

Examples:
  nightshift forget 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 --dry-run
  nightshift forget 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 --mentions --reason 'ticket 4711'`,
    )
    .action(run);
