import {
  type Api,
  createPost,
  createUser,
  openApi,
  queryRows,
  untilQuiet,
} from './community.ts';
import {
  isAlive,
  Machine,
  type NightshiftProcess,
  until,
} from './nightshift.ts';

let machine: Machine;
let background: NightshiftProcess;
let gateway: NightshiftProcess;
let databaseUrl: string;
let pubsubAddress: string;
let api: Api;
let apiUrl: string;

beforeAll(async () => {
  machine = await Machine.prepare();
  // At the same moment: who starts the stack and who finds it is decided by the stack.
  background = machine.start('dev', 'background');
  gateway = machine.start('dev', 'api');
  const [ready, apiReady] = await Promise.all([
    background.logged('nightshift ready'),
    gateway.logged('nightshift api ready'),
  ]);
  databaseUrl = String(ready.postgres);
  pubsubAddress = String(ready.pubsub);
  apiUrl = String(apiReady.api);
  api = await openApi(machine.home, apiUrl);
});

afterAll(() => machine.remove());

test('two processes started at once share one stack', async () => {
  const status = JSON.parse(await machine.run('local', 'status', '--json')) as {
    databaseUrl: string;
    lessees: readonly { role: string }[];
  };
  expect(status.databaseUrl).toBe(databaseUrl);
  expect(status.lessees.map(({ role }) => role).sort()).toEqual([
    'api',
    'background',
  ]);
});

test('an upvote through GraphQL gives its author reputation and one milestone notification', async () => {
  const author = await createUser(api, 'author');
  const voter = await createUser(api, 'voter');
  const postId = await createPost(api, author);
  const vote = `mutation { votePost(id: "${postId}", vote: UP) { upvotes } }`;
  // The same vote twice is one vote.
  await api.ask(vote, voter);
  await api.ask(vote, voter);
  const ask = () =>
    api.ask<{
      viewer: { reputation: number };
      notifications: { items: readonly { type: string }[] };
    }>('{ viewer { reputation } notifications { items { type } } }', author);
  await until(async () => {
    const { viewer, notifications } = await ask();
    return viewer.reputation > 10 && notifications.items.length > 0;
  });
  await untilQuiet(databaseUrl, pubsubAddress);
  const { viewer, notifications } = await ask();
  expect(viewer.reputation).toBe(20);
  expect(notifications.items).toEqual([{ type: 'article_upvote_milestone' }]);
});

test('a row changed with SQL alone reaches its worker', async () => {
  const writer = await createUser(api, 'writer');
  const postId = await createPost(api, writer);
  const { createComment: comment } = await api.ask<{
    createComment: { id: string };
  }>(
    `mutation { createComment(input: { postId: "${postId}", content: "before" }) { id } }`,
    writer,
  );
  await machine.run(
    'sql',
    `update comment set content = 'now **bold**' where id = '${comment.id}'`,
  );
  const html = async () => {
    const [row] = await queryRows<{ contentHtml: string }>(
      databaseUrl,
      'select content_html as "contentHtml" from comment where id = $1',
      [comment.id],
    );
    return row?.contentHtml ?? '';
  };
  await until(async () => (await html()).includes('bold'));
  expect((await html()).trim()).toBe('<p>now <strong>bold</strong></p>');
});

test('the tokens that the API prints create a job, and have what is due run', async () => {
  await until(async () => gateway.printed().includes('/api/worker'));
  const ask = async (path: string, printed: string, init: RequestInit = {}) => {
    const [, token] =
      new RegExp(`${printed} .*Bearer ([0-9a-f]+)`).exec(gateway.printed()) ??
      [];
    const response = await fetch(`${apiUrl}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
      },
    });
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body };
  };
  const created = await ask('/api/jobs', '/api/jobs', {
    method: 'POST',
    body: JSON.stringify({ name: 'warm-kpi-health', payload: {} }),
  });
  expect(created.status).toBe(201);
  const path = `/api/jobs/${String(created.body.id)}`;
  await until(
    async () => (await ask(path, '/api/jobs')).body.state === 'completed',
  );
  expect(
    await ask('/api/worker', '/api/worker', { method: 'POST' }),
  ).toMatchObject({ status: 200, body: { counts: { lost: 0 } } });
});

test('Ctrl-C in both terminals leaves no process', async () => {
  const { stack, postgres } = await machine.stackPids();
  background.interrupt();
  expect(await background.end()).toBe(0);
  expect(isAlive(stack)).toBe(true);
  gateway.interrupt();
  expect(await gateway.end()).toBe(0);
  // The stack's last act is to let go of its last user, so that it may take a moment to vanish.
  expect(isAlive(postgres)).toBe(false);
  await until(() => !isAlive(stack));
});

test('started again while the stack still stops, and started twice, it works on one stack with the data', async () => {
  const first = machine.start('dev', 'background');
  await first.logged('nightshift ready');
  first.interrupt();
  await first.logged('stopped');
  const again = machine.start('dev', 'background');
  const twice = machine.start('dev', 'background');
  const [ready, same] = await Promise.all([
    again.logged('nightshift ready'),
    twice.logged('nightshift ready'),
  ]);
  expect(same.postgres).toBe(ready.postgres);
  const rows = await queryRows(
    String(ready.postgres),
    `select from "user" where username = 'author' and reputation = 20`,
  );
  expect(rows).toHaveLength(1);
  again.interrupt();
  twice.interrupt();
  expect(
    await Promise.all([first, again, twice].map((each) => each.end())),
  ).toEqual([0, 0, 0]);
});
