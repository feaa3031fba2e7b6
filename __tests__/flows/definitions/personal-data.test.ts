import { forgetUser } from '../../../src/dead-letters/forget.ts';
import { flows } from '../../../src/flows/definitions/index.ts';
import {
  flowNamesUser,
  personalFlowPaths,
} from '../../../src/flows/definitions/personal-data.ts';
import { publication } from '../../../src/flows/definitions/publication/flow.ts';
import { cancelFlow, startFlow } from '../../../src/flows/index.ts';
import { useTestDatabase } from '../../helpers.ts';
import { createCommunity } from '../../workers/community.ts';
import { workOff } from './work.ts';

const database = useTestDatabase();

const tables = ['run', 'step', 'task', 'shard', 'signal', 'event'].map(
  (name) => `flow_${name}`,
);

/** Every text of the tables of flows. */
const everything = async (): Promise<string> => {
  const texts = await Promise.all(
    tables.map((table) =>
      database.con.query<{ all: string | null }[]>(
        `select string_agg(row::text, '') as all from ${table} as row`,
      ),
    ),
  );
  return texts.map(([row]) => row?.all ?? '').join('');
};

const forget = (user: string) =>
  forgetUser(database.con, {
    user,
    actor: 'tester',
    reason: 'ticket 17',
    names: (topic, payload) => flowNamesUser(topic, payload, user),
  });

test('every flow says where its runs name a user', () => {
  expect(Object.keys(personalFlowPaths).sort()).toEqual(
    [...new Set(flows.map(({ name }) => name))].sort(),
  );
});

test('a forgotten user is in no run that has ended; one that goes on is left and counted', async () => {
  const { con } = database;
  const { post, author } = await createCommunity(con);
  const { id } = await con.transaction((manager) =>
    startFlow(publication, { postId: post.id }, { manager }),
  );
  await workOff(con, 'flows');
  expect(await everything()).toContain(author.id);

  expect(await forget(author.id)).toMatchObject({
    found: [{ place: 'flows', topic: 'publication', named: 1, mentioned: 0 }],
    erased: 0,
    running: 1,
  });
  await cancelFlow(con.manager, id, { actor: 'tester' });
  expect(await forget(author.id)).toMatchObject({ erased: 1, running: 0 });
  expect(await everything()).toBe('');
  // The job of the sleeping step finds nothing to do.
  await con.query('update job set run_at = now()');
  await workOff(con, 'flows');
  expect(await everything()).toBe('');
});
