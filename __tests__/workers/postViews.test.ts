import { randomUUID } from 'node:crypto';

import { PostView } from '../../src/entity/index.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import { servedWorker } from '../../src/workers/serve.ts';
import {
  expectDeadLetter,
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import { Stage } from '../host/set-up.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.post-views'];

const views = (postId: string) =>
  database.con.getRepository(PostView).findBy({ postId });

describe('api.post-views', () => {
  it('stores a view with its viewer, if there is one', async () => {
    const [postId, userId] = [randomUUID(), randomUUID()];
    await expectSuccessfulTypedBackground(worker, { postId, userId });
    await expectSuccessfulTypedBackground(worker, { postId });
    const stored = await views(postId);
    expect(stored.map((view) => view.userId).sort()).toEqual(
      [userId, null].sort(),
    );
  });

  it('stores a view that comes twice once', async () => {
    const postId = randomUUID();
    const id = randomUUID();
    await expectSuccessfulTypedBackground(worker, { postId }, { id });
    await expectSuccessfulTypedBackground(worker, { postId }, { id });
    expect(await views(postId)).toHaveLength(1);
  });

  it('buries a view without an event id, and no other', async () => {
    await expectDeadLetter(
      worker,
      Buffer.from(JSON.stringify({ postId: randomUUID() })),
      /carry its event id/,
      { id: '' },
    );
  });

  it('makes few inserts of ten thousand views', async () => {
    await database.con.query(
      `create table statements (at timestamptz);
       create function count_statement() returns trigger language plpgsql as
       $$ begin insert into statements values (now()); return null; end $$;
       create trigger count_statement after insert on post_view
         for each statement execute function count_statement()`,
    );
    const stage = await Stage.open();
    try {
      const served = servedWorker(worker);
      await stage.subscription(served);
      const postId = randomUUID();
      const count = 10_000;
      await Promise.all(
        Array.from({ length: count }, () =>
          stage.publish('post-viewed', { postId }),
        ),
      );
      const { host, records } = stage.host(database.con, [served]);
      await host.start();
      await records.count(count);
      await host.drain();
      const [row] = await database.con.query<
        { views: number; statements: number }[]
      >(
        `select (select count(*)::int from post_view where post_id = $1) as views,
           (select count(*)::int from statements) as statements`,
        [postId],
      );
      expect(row?.views).toBe(count);
      expect(row?.statements).toBeLessThan(count / 20);
    } finally {
      await stage.close();
    }
  });
});
