import type { DataSource } from 'typeorm';

import { newOperation, type Operator, recordAction } from './audit.ts';
import { FilterError } from './errors.ts';
import {
  erase,
  mentionsIn,
  pageEnd,
  pageRows,
  payloadOf,
} from './forget-statements.ts';
import { type ForgetCount, type Place, Tally } from './forget-tally.ts';

export type { ForgetCount } from './forget-tally.ts';

export interface ForgetRequest extends Operator {
  /** The user's UUID. */
  readonly user: string;
  /** Whether a payload of a topic names the user, by the paths that the topic is known for. */
  readonly names: (topic: string, payload: Buffer) => boolean;
  /** Erase also what only mentions the id. @default false */
  readonly mentions?: boolean;
  /** Look, and change nothing. @default false */
  readonly dryRun?: boolean;
  /** Called after each page with the rows looked through so far. */
  readonly onProgress?: (place: Place, rows: number) => void;
}

export interface ForgetReport {
  /** Its id in the audit log; none of a dry run. */
  readonly operation: string | undefined;
  readonly found: readonly ForgetCount[];
  /** Payloads erased. */
  readonly erased: number;
  /** Payloads that mention the user and were left. */
  readonly left: number;
  /** Jobs and flows that ran at that moment and were left: once they have ended, forget again. */
  readonly running: number;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const beforeAll = '00000000-0000-0000-0000-000000000000';

const forgetIn = async (
  con: DataSource,
  place: Place,
  user: string,
  request: ForgetRequest,
  tally: Tally,
): Promise<void> => {
  let after: string | null = beforeAll;
  let rows = 0;
  while (after !== null) {
    const end: string | null = await pageEnd(con, place, after);
    for (const { id, topic } of await mentionsIn(
      con,
      place,
      user,
      after,
      end,
    )) {
      const payload = await payloadOf(con, place, id);
      if (!payload) continue;
      // A key is not a payload: whoever stands in it is named.
      const named = place === 'changes' || request.names(topic, payload);
      tally.add(place, topic, named);
      if (request.dryRun || (!named && !request.mentions)) continue;
      if (await erase(con, place, id, request.actor)) tally.erased += 1;
      else if (place === 'jobs' || place === 'flows') tally.running += 1;
    }
    rows += end === null ? 0 : pageRows[place];
    request.onProgress?.(place, rows);
    after = end;
  }
};

/**
 * Erases what payloads at the desk, in the outbox, of flows, of jobs and in their archive hold of a user. Of the desk's
 * entries, name, count and times stay, and a message that comes again is not kept any more; rows of the outbox go,
 * which takes back no event that is under way, and jobs and flows that do not run. Each row is erased by itself, so that a run that was killed is
 * simply run again. The audit log has its start and its end, without the user's id. What is on its way
 * through the broker is not reached: handlers get it as always.
 *
 * @throws FilterError if the user is not a UUID.
 */
export const forgetUser = async (
  con: DataSource,
  request: ForgetRequest,
): Promise<ForgetReport> => {
  const user = request.user.toLowerCase();
  if (!uuid.test(user))
    throw new FilterError('the user', 'the UUID of a user', request.user);
  const { actor, reason, mentions = false, dryRun = false } = request;
  const operation = dryRun ? undefined : newOperation();
  const tally = new Tally();
  const audit = async (moment: 'started' | 'finished') => {
    if (operation === undefined) return;
    await recordAction(con.manager, {
      operation,
      action: `forget.${moment}`,
      actor,
      reason,
      filter: { mentions },
      counts:
        moment === 'started'
          ? {}
          : {
              named: tally.total('named'),
              mentioned: tally.total('mentioned'),
              erased: tally.erased,
              running: tally.running,
            },
    });
  };
  await audit('started');
  for (const place of [
    'desk',
    'outbox',
    'flows',
    'jobs',
    'archive',
    'changes',
  ] as const)
    await forgetIn(con, place, user, request, tally);
  await audit('finished');
  return {
    operation,
    found: tally.found,
    erased: tally.erased,
    left: mentions ? 0 : tally.total('mentioned'),
    running: tally.running,
  };
};
