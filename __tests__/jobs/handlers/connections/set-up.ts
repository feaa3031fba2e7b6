import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { Connection, Post, Source } from '../../../../src/entity/index.ts';
import { saveFixtures } from '../../../helpers.ts';
import { createUser } from '../../../workers/community.ts';

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
