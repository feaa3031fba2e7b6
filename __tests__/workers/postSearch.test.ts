import { randomUUID } from 'node:crypto';

import { Post } from '../../src/entity/index.ts';
import { findPosts } from '../../src/search/posts.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import { createCommunity } from './community.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.post-search'];

const indexed = async (row: Partial<Post> = {}): Promise<string> => {
  const { con } = database;
  const { post } = await createCommunity(con);
  await con.getRepository(Post).update({ id: post.id }, row);
  await expectSuccessfulTypedBackground(worker, { postId: post.id });
  return post.id;
};

const found = (text: string, limit = 20) =>
  findPosts(database.con, text, limit);

describe('api.post-search', () => {
  it('finds a post by the stems of its words, one with them in the title first', async () => {
    const inText = await indexed({ content: 'Of looms and of punch cards.' });
    const inTitle = await indexed({ title: 'On a loom' });
    expect(await found('loom')).toEqual([inTitle, inText]);
    expect(await found('looms -cards')).toEqual([inTitle]);
    expect(await found('"punch cards"')).toEqual([inText]);
    expect(await found('loom', 1)).toEqual([inTitle]);
  });

  it('follows the row, so that an old message brings the new text, and writes nothing twice', async () => {
    const { con } = database;
    const id = await indexed({ content: 'About pistons.' });
    await con.getRepository(Post).update({ id }, { content: 'About valves.' });
    await expectSuccessfulTypedBackground(worker, { postId: id });
    expect(await found('pistons')).toEqual([]);
    expect(await found('valves')).toEqual([id]);
    const version = () =>
      con.query('select xmin from post_search where post_id = $1', [id]);
    const before: unknown = await version();
    await expectSuccessfulTypedBackground(worker, { postId: id });
    expect(await version()).toEqual(before);
  });

  it('forgets a post with its row, and passes over one that is gone', async () => {
    const id = await indexed({ content: 'About gaskets.' });
    await database.con.getRepository(Post).delete({ id });
    expect(await found('gaskets')).toEqual([]);
    await expectSuccessfulTypedBackground(worker, { postId: id });
    await expectSuccessfulTypedBackground(worker, { postId: randomUUID() });
  });

  it('takes a text longer than Postgres can search', async () => {
    const words = Array.from({ length: 300_000 }, (_, place) => `w${place}`);
    const id = await indexed({ content: words.join(' ') });
    expect(await found('w7')).toEqual([id]);
  });

  it.each(["'", '&|!', '"open', ':*', '\\'])(
    'finds nothing by %s, without an error',
    async (text) => {
      expect(await found(text)).toEqual([]);
    },
  );
});
