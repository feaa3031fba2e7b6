import { randomUUID } from 'node:crypto';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Connection, Post, Source } from '../../../../src/entity/index.ts';
import {
  syncConnection,
  type SyncResult,
} from '../../../../src/jobs/handlers/connections/sync.ts';
import type { SyncLimits } from '../../../../src/jobs/handlers/connections/limits.ts';
import type { JobContext } from '../../../../src/jobs/handler.ts';
import { saveFixtures } from '../../../helpers.ts';
import { createUser } from '../../../workers/community.ts';

/** A job that runs, with everything it was told kept. */
export const runningJob = (
  con: DataSource,
  options: { readonly signal?: AbortSignal; readonly jobId?: string } = {},
): JobContext & { readonly lines: string[] } => {
  const lines: string[] = [];
  const now = new Date();
  return {
    con,
    lines,
    job: {
      id: options.jobId ?? uuidv7(),
      name: 'sync-connection',
      queue: 'sync',
      attempt: 1,
      attempts: 3,
      createdAt: now,
      runAt: now,
    },
    logger: pino({ level: 'silent' }),
    signal: options.signal ?? new AbortController().signal,
    progress: () => undefined,
    log: (line) => lines.push(line),
  };
};

/** A connection of a source of its own. */
export const createConnection = async (
  con: DataSource,
  url: string,
  row: Partial<Connection> = {},
): Promise<Connection> => {
  const author = await createUser(con);
  const [source] = await saveFixtures(con, Source, [
    { handle: randomUUID(), name: 'A source' },
  ]);
  const [connection] = await saveFixtures(con, Connection, [
    { sourceId: source!.id, authorId: author.id, url, ...row },
  ]);
  return connection!;
};

export const reload = (con: DataSource, { id }: Connection) =>
  con.getRepository(Connection).findOneByOrFail({ id });

/** The posts of a connection's source, oldest first. */
export const postsOf = (
  con: DataSource,
  { sourceId }: Connection,
): Promise<Post[]> =>
  con.getRepository(Post).find({ where: { sourceId }, order: { id: 'ASC' } });

/** The payloads of the jobs that wait to sync a connection. */
export const waitingSyncs = async (
  con: DataSource,
  { id }: Connection,
): Promise<number> => {
  const [row] = await con.query<{ count: number }[]>(
    `select count(*)::int as count from job
     where name = 'sync-connection' and state = 'pending' and payload ->> 'connectionId' = $1`,
    [id],
  );
  return row?.count ?? 0;
};

/** Syncs as the handler does, on this machine. */
export const sync = (
  con: DataSource,
  { id }: Connection,
  {
    context = runningJob(con),
    limits,
    allowPrivate = true,
    publicUrl,
  }: {
    readonly context?: JobContext;
    readonly limits?: Partial<SyncLimits>;
    readonly allowPrivate?: boolean;
    readonly publicUrl?: string;
  } = {},
): Promise<SyncResult> =>
  syncConnection(id, context, {
    allowPrivate,
    publicUrl,
    ...(limits && { limits }),
  });
