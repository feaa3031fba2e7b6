import { randomUUID } from 'node:crypto';

import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';

import { type ApiDependencies, createApi } from '../../src/api/create-api.ts';
import { Post, Source, User } from '../../src/entity/index.ts';
import { saveFixtures } from '../setup/save-fixtures.ts';
import type { TestDatabase } from '../setup/database.ts';

export const apiSecret = 'the-secret-of-the-gateway';

export const startApi = async (
  { dataSource, url }: Pick<TestDatabase, 'dataSource' | 'url'>,
  options: Partial<ApiDependencies['config']> = {},
  dependencies: Partial<ApiDependencies> = {},
): Promise<FastifyInstance> => {
  const app = createApi({
    dataSource,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    ...dependencies,
    config: { databaseUrl: url, apiSecret, ...options },
  });
  await app.ready();
  return app;
};

interface Answer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: Readonly<Record<string, unknown>> & {
      readonly code: string;
    };
  }[];
}

export interface RequestOptions {
  /** Whom the gateway asks for; without, the request has no token. */
  readonly viewer?: string | undefined;
  readonly variables?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

export const gateway = { authorization: `Bearer ${apiSecret}` };

/** Sends one GraphQL request. */
export const request = async (
  app: FastifyInstance,
  query: string,
  { viewer, variables, headers }: RequestOptions = {},
): Promise<Answer> => {
  const options: InjectOptions = {
    method: 'POST',
    url: '/graphql',
    headers: {
      ...(viewer !== undefined && { ...gateway, 'x-user-id': viewer }),
      ...headers,
    },
    payload: { query, variables },
  };
  const response = await app.inject(options);
  return {
    status: response.statusCode,
    ...response.json<Omit<Answer, 'status'>>(),
  };
};

/** An author, a reader, and a post of the author. */
export const savePost = async (con: DataSource) => {
  const mark = randomUUID().slice(0, 8);
  const [author, reader] = (await saveFixtures(
    con,
    User,
    ['author', 'reader'].map((role) => ({
      username: `${role}-${mark}`,
      name: role,
      email: `${role}-${mark}@example.com`,
    })),
  )) as [User, User];
  const [source] = (await saveFixtures(con, Source, [
    { handle: `source-${mark}`, name: 'A source' },
  ])) as [Source];
  const [post] = (await saveFixtures(con, Post, [
    {
      sourceId: source.id,
      authorId: author.id,
      title: 'A post',
      content: 'Some *text*.',
    },
  ])) as [Post];
  return { author, reader, source, post };
};
