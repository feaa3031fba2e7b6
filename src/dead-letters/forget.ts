import type { DataSource } from 'typeorm';

import { newOperation, type Operator, recordAction } from './audit.ts';
import { FilterError } from './errors.ts';
import { withinTime } from './search.ts';

/** Rows looked through in one statement. */
const pageRows = 2_000;

/** Where payloads are kept. */
export type Place = 'desk' | 'outbox';

/** What was found in the payloads of one topic. */
export interface ForgetCount {
  readonly place: Place;
  readonly topic: string;
  /** Payloads that name the user where those of the topic do. */
  readonly named: number;
  /** Payloads that hold the id anywhere else. */
  readonly mentioned: number;
}

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
}

const tables = { desk: 'dead_letter', outbox: 'outbox' } as const;

/** The desk keeps that something failed, without what it held; of the outbox the row goes. */
const eraseStatements = {
  desk: `
    update dead_letter
       set payload = '', document = null, attributes = '{}', ordering_key = '',
           error = split_part(error, ':', 1) || ': erased', error_stack = null, erased_at = now(),
           state_changed_at = case when state = 'open' then now() else state_changed_at end,
           state_changed_by = case when state = 'open' then $2 else state_changed_by end,
           state_reason = case when state = 'open' then 'erased' else state_reason end,
           state = case when state = 'open' then 'resolved' else state end
     where id = $1 and erased_at is null`,
  outbox: `
    with actor as (select $2::text)
    delete from outbox where id = $1`,
} as const;

interface Row {
  readonly id: string;
  readonly topic: string;
}

/** The id that ends the next page; `null` at the end of the table. */
const pageEnd = async (
  con: DataSource,
  place: Place,
  after: string,
): Promise<string | null> => {
  const [end] = await withinTime(con, (manager) =>
    manager.query<{ id: string }[]>(
      `select id from ${tables[place]} where id > $1 order by id offset $2 limit 1`,
      [after, pageRows - 1],
    ),
  );
  return end?.id ?? null;
};

/** Rows of a page whose payload, attributes or key hold the id as text. */
const mentionsIn = (
  con: DataSource,
  place: Place,
  user: string,
  after: string,
  end: string | null,
): Promise<Row[]> => {
  const elsewhere =
    place === 'desk'
      ? `or position($3 in lower(attributes::text || ordering_key || error || coalesce(error_stack, ''))) > 0`
      : `or position($3 in lower(ordering_key)) > 0`;
  return withinTime(con, (manager) =>
    manager.query(
      `select id, topic from ${tables[place]}
        where id > $1 and ($2::uuid is null or id <= $2)
          and (position(convert_to($3, 'UTF8') in payload) > 0
            or position(convert_to(upper($3), 'UTF8') in payload) > 0 ${elsewhere})
        order by id`,
      [after, end, user],
    ),
  );
};

const payloadOf = async (
  con: DataSource,
  place: Place,
  id: string,
): Promise<Buffer | undefined> => {
  const [row] = await con.query<{ payload: Buffer }[]>(
    `select payload from ${tables[place]} where id = $1`,
    [id],
  );
  return row?.payload;
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const beforeAll = '00000000-0000-0000-0000-000000000000';

class Tally {
  readonly #counts = new Map<string, ForgetCount>();
  erased = 0;

  add(place: Place, topic: string, named: boolean): void {
    const key = JSON.stringify([place, topic]);
    const count = this.#counts.get(key) ?? {
      place,
      topic,
      named: 0,
      mentioned: 0,
    };
    this.#counts.set(key, {
      ...count,
      named: count.named + (named ? 1 : 0),
      mentioned: count.mentioned + (named ? 0 : 1),
    });
  }

  get found(): ForgetCount[] {
    return [...this.#counts.values()];
  }

  total(kind: 'named' | 'mentioned'): number {
    return this.found.reduce((sum, count) => sum + count[kind], 0);
  }
}

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
      const named = request.names(topic, payload);
      tally.add(place, topic, named);
      if (request.dryRun || (!named && !request.mentions)) continue;
      await con.query(eraseStatements[place], [id, request.actor]);
      tally.erased += 1;
    }
    rows += end === null ? 0 : pageRows;
    request.onProgress?.(place, rows);
    after = end;
  }
};

/**
 * Erases what payloads at the desk and in the outbox hold of a user. Of the desk's entries, name, count
 * and times stay, and a message that comes again is not kept any more; rows of the outbox go, which
 * takes back no event that is under way. Each row is erased by itself, so that a run that was killed is
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
            },
    });
  };
  await audit('started');
  for (const place of ['desk', 'outbox'] as const)
    await forgetIn(con, place, user, request, tally);
  await audit('finished');
  return {
    operation,
    found: tally.found,
    erased: tally.erased,
    left: mentions ? 0 : tally.total('mentioned'),
  };
};
