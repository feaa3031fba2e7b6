import { reconcileCommand } from '../../src/commands/reconcile.ts';
import { Post } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { createCommunity } from '../workers/community.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;
let post: Post;

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.DATABASE_URL = database.url;
  ({ post } = await createCommunity(database.dataSource));
  await database.dataSource
    .getRepository(Post)
    .update({ id: post.id }, { upvotes: 3, comments: 1 });
});
afterAll(() => database.drop());

describe('nightshift reconcile', () => {
  it('compares every counter, shows what differs, and exits with 1', async () => {
    const { exitCode, output } = await runCommand(reconcileCommand());
    expect(exitCode).toBe(1);
    expect(output).toContain(
      'post-upvotes: 1 rows compared, 1 differ, 0 set right',
    );
    expect(output).toMatch(new RegExp(`${post.id} +3 +0`));
    expect(output).toContain('user-reputation: 2 rows compared, 0 differ');
  });

  it('sets one counter right on demand', async () => {
    const { exitCode, output } = await runCommand(
      reconcileCommand(),
      'post-upvotes',
      '--repair',
      '--json',
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      counter: 'post-upvotes',
      differing: 1,
      repaired: 1,
      differences: [{ rowId: post.id }],
    });
    expect(
      (await runCommand(reconcileCommand(), 'post-upvotes')).exitCode,
    ).toBe(0);
  });

  it('says which counters there are', async () => {
    const { error } = await runCommand(reconcileCommand(), 'post-views');
    expect(error?.message).toMatch(
      /Allowed choices are post-upvotes, post-comments/,
    );
  });
});
