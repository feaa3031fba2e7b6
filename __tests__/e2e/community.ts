import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';

import { until } from './nightshift.ts';

/** A person at the API of a machine. */
export interface Api {
  /** Sends a mutation or query as a person; throws what the API complains about. */
  ask<Data>(query: string, userId?: string): Promise<Data>;
}

/** @param url as the ready line gives it */
export const openApi = async (home: string, url: string): Promise<Api> => {
  const secret = (await readFile(join(home, 'api-secret'), 'utf8')).trim();
  return {
    ask: async <Data>(query: string, userId?: string): Promise<Data> => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${secret}`,
          ...(userId !== undefined && { 'x-user-id': userId }),
        },
        body: JSON.stringify({ query }),
      });
      const { data, errors } = (await response.json()) as {
        data: Data;
        errors?: readonly { message: string }[];
      };
      if (errors) throw new Error(errors.map((e) => e.message).join('\n'));
      return data;
    },
  };
};

export const createUser = async (
  api: Api,
  username: string,
): Promise<string> => {
  const { createUser: user } = await api.ask<{ createUser: { id: string } }>(
    `mutation { createUser(input: {
      username: "${username}", name: "${username}", email: "${username}@example.com" }) { id } }`,
  );
  return user.id;
};

export const createPost = async (
  api: Api,
  authorId: string,
): Promise<string> => {
  const { createSource: source } = await api.ask<{
    createSource: { id: string };
  }>(
    `mutation { createSource(input: { handle: "s-${authorId}", name: "Source" }) { id } }`,
    authorId,
  );
  const { createPost: post } = await api.ask<{ createPost: { id: string } }>(
    `mutation { createPost(input: {
      sourceId: "${source.id}", title: "A title", content: "Some text" }) { id } }`,
    authorId,
  );
  return post.id;
};

/** Runs one statement on the database of a machine. */
export const queryRows = async <Row>(
  url: string,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(statement, [...parameters]);
    return rows as Row[];
  } finally {
    await client.end();
  }
};

/**
 * Resolves when all that was written until now has gone through change data capture and every
 * message has been acknowledged.
 */
export const untilQuiet = async (
  url: string,
  pubsubAddress: string,
): Promise<void> => {
  const [now] = await queryRows<{ lsn: string }>(
    url,
    'select pg_current_wal_insert_lsn() as lsn',
  );
  let left = 'change data capture';
  await until(
    async () => {
      const captured = await queryRows(
        url,
        'select from pg_replication_slots where database = current_database() and confirmed_flush_lsn >= $1',
        [now?.lsn],
      );
      if (captured.length === 0) return false;
      const response = await fetch(`http://${pubsubAddress}/stats`);
      const { subscriptions } = (await response.json()) as {
        subscriptions: readonly { backlog: number }[];
      };
      const behind = subscriptions.filter(({ backlog }) => backlog > 0);
      left = JSON.stringify(behind);
      return behind.length === 0;
    },
    () => left,
  );
};
