import type { FastifyInstance } from 'fastify';

import { SourceFollower } from '../../src/entity/index.ts';
import { indexPost } from '../../src/search/posts.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { request, savePost, startApi } from './api.ts';

let database: TestDatabase;
let app: FastifyInstance;
let fixtures: Awaited<ReturnType<typeof savePost>>;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
  fixtures = await savePost(database.dataSource);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

test('posts are found by their words once they are indexed', async () => {
  const { dataSource } = database;
  const { post } = fixtures;
  const search = (query: string) =>
    request(
      app,
      'query ($query: String!) { searchPosts(query: $query) { id } }',
      {
        viewer: fixtures.reader.id,
        variables: { query },
      },
    );
  expect(await search(post.title)).toEqual({
    status: 200,
    data: { searchPosts: [] },
  });
  await indexPost(dataSource.manager, post.id);
  expect(await search(post.title)).toEqual({
    status: 200,
    data: { searchPosts: [{ id: post.id }] },
  });
  expect(await search(' ')).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});

test('a source is followed once and left once', async () => {
  const { source, reader } = fixtures;
  const change = (mutation: string, id = source.id) =>
    request(app, `mutation ($id: ID!) { done: ${mutation}(id: $id) }`, {
      viewer: reader.id,
      variables: { id },
    });
  const done = (done: boolean) => ({ status: 200, data: { done } });
  expect(await change('followSource')).toEqual(done(true));
  expect(await change('followSource')).toEqual(done(true));
  expect(
    await database.dataSource.getRepository(SourceFollower).find(),
  ).toMatchObject([{ sourceId: source.id, userId: reader.id }]);
  expect(await change('unfollowSource')).toEqual(done(true));
  expect(await change('unfollowSource')).toEqual(done(false));
  expect(await change('followSource', reader.id)).toMatchObject({
    errors: [{ extensions: { code: 'NOT_FOUND' } }],
  });
});
