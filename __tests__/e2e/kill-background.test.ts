import {
  type Api,
  createPost,
  createUser,
  openApi,
  queryRows,
  untilQuiet,
} from './community.ts';
import { Machine, type NightshiftProcess, until } from './nightshift.ts';

let machine: Machine;
let gateway: NightshiftProcess;
let databaseUrl: string;
let pubsubAddress: string;
let api: Api;

const startBackground = async (): Promise<NightshiftProcess> => {
  const background = machine.start('dev', 'background');
  const ready = await background.logged('nightshift ready');
  databaseUrl = String(ready.postgres);
  pubsubAddress = String(ready.pubsub);
  return background;
};

beforeAll(async () => {
  machine = await Machine.prepare();
  gateway = machine.start('dev', 'api');
  const ready = await gateway.logged('nightshift api ready');
  api = await openApi(machine.home, String(ready.api));
});

afterAll(() => machine.remove());

const voters = 60;

/** Votes by new people; returns when each is committed. */
const upvote = async (postId: string, from: number): Promise<void> => {
  const people = Array.from({ length: voters / 2 }, (_, index) =>
    createUser(api, `voter${from + index}`),
  );
  await Promise.all(
    (await Promise.all(people)).map((userId) =>
      api.ask(
        `mutation { votePost(id: "${postId}", vote: UP) { upvotes } }`,
        userId,
      ),
    ),
  );
};

test('kill -9 of the background process amid messages loses none and doubles no reputation', async () => {
  const first = await startBackground();
  const author = await createUser(api, 'author');
  const postId = await createPost(api, author);
  const reputation = async () => {
    const [row] = await queryRows<{ reputation: number }>(
      databaseUrl,
      'select reputation from "user" where id = $1',
      [author],
    );
    return row?.reputation ?? 0;
  };
  const voting = upvote(postId, 0);
  await until(async () => (await reputation()) > 10);
  first.kill('SIGKILL');
  expect(await first.end()).toBe('SIGKILL');
  await voting;
  await upvote(postId, voters / 2);

  const second = await startBackground();
  await second.logged('found the running local stack');
  await untilQuiet(databaseUrl, pubsubAddress);
  expect(await reputation()).toBe(10 + 10 * voters);
  const milestones = await queryRows<{ uniqueKey: string }>(
    databaseUrl,
    `select unique_key as "uniqueKey" from notification_v2
      where type = 'article_upvote_milestone' order by unique_key::int`,
  );
  expect(new Set(milestones.map(({ uniqueKey }) => uniqueKey)).size).toBe(
    milestones.length,
  );
  second.interrupt();
  expect(await second.end()).toBe(0);
}, 240_000);
