import { createHash } from 'node:crypto';

import type { Browser, Page } from 'playwright-core';

import {
  type Api,
  createPost,
  createUser,
  openApi,
  queryRows,
  untilQuiet,
} from '../../__tests__/e2e/community.ts';
import { Machine, until } from '../../__tests__/e2e/nightshift.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import { axeViolations, openBrowser, openPage, signIn } from './browser.ts';

const token = 'a-token-of-somebody-who-reads';

let machine: Machine;
let browser: Browser;
let url: string;
let api: Api;
/** Of a chain that a test has looked at. */
let address: string;
let stack: { readonly postgres: string; readonly pubsub: string };

beforeAll(async () => {
  browser = await openBrowser();
  machine = await Machine.prepare({
    OPERATORS: JSON.stringify([
      {
        name: 'ben',
        sha256: createHash('sha256').update(token).digest('hex'),
        rights: ['read'],
      },
    ]),
  });
  const background = machine.start('dev', 'background');
  const { postgres, pubsub } = await background.logged('nightshift ready');
  stack = { postgres: String(postgres), pubsub: String(pubsub) };
  const ready = await machine
    .start('dev', 'api')
    .logged('nightshift api ready');
  url = String(ready.api);
  api = await openApi(machine.home, url);
});

afterAll(async () => {
  await browser?.close();
  await machine?.remove();
});

/** As a streamer does that was killed before it had confirmed. */
const publishAgain = async (topic: string, times: number): Promise<void> => {
  const [event] = await queryRows<{ id: string; payload: Buffer }>(
    stack.postgres,
    'select id, payload from outbox where topic = $1',
    [topic],
  );
  const client = createPublisherClient({
    projectId: 'nightshift-local',
    emulatorHost: stack.pubsub,
  });
  for (let time = 0; time < times; time += 1)
    await client.topic(topic).publishMessage({
      data: event!.payload,
      attributes: { id: event!.id, eventType: topic },
    });
  await client.close();
};

const attempts = async (subscription: string): Promise<number> => {
  const [row] = await queryRows<{ count: number }>(
    stack.postgres,
    `select count(*)::int as count from delivery where subscription = $1
      and event_id = (select id::text from outbox where topic = 'post-upvoted')`,
    [subscription],
  );
  return row!.count;
};

const look = async (page: Page, what: string): Promise<void> => {
  await page.getByLabel('A table and the key of its row, or an id').fill(what);
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'What followed from what' }).waitFor();
};

const row = (page: Page, text: string) =>
  page
    .getByRole('list', { name: 'What followed from what' })
    .locator('> li', { hasText: text });

test("a vote's row is followed to the notification and the mail that it led to, and from there back to the row", async () => {
  const author = await createUser(api, 'author');
  const voter = await createUser(api, 'voter');
  const postId = await createPost(api, author);
  await api.ask(
    `mutation { votePost(id: "${postId}", vote: UP) { upvotes } }`,
    voter,
  );
  await untilQuiet(stack.postgres, stack.pubsub);
  await publishAgain('post-upvoted', 3);
  // What a process did is recorded within a second.
  await until(async () => (await attempts('post-upvoted-rep')) === 4);

  const { page, complaints } = await openPage(browser);
  await signIn(page, url, token, '/causality');
  expect(await axeViolations(page)).toEqual([]);
  await look(page, `post_vote ${postId},${voter}`);
  // What is looked at is an address that can be handed on.
  address = page.url().split('/admin')[1]!;
  expect(new URL(page.url()).searchParams.get('table')).toBe('post_vote');
  await row(page, 'notification article_upvote_milestone').waitFor();
  await row(page, 'message mail').waitFor();
  expect(
    await row(page, 'delivery post-upvoted-rep').first().innerText(),
  ).toContain('delivered 4 times, effected once (3 duplicates)');
  expect(
    await row(page, `row change post_vote ${postId},${voter}`)
      .first()
      .innerText(),
  ).toMatch(/LSN [0-9A-F]+\/[0-9A-F]+/);
  expect(await axeViolations(page)).toEqual([]);

  await row(page, 'message mail')
    .getByRole('link', { name: /^all from here.*mail$/ })
    .click();
  await page.getByText('message mail').waitFor();
  expect(new URL(page.url()).searchParams.get('id')).toMatch(/^[0-9a-f-]{36}$/);
  for (const text of [
    `row change post_vote ${postId},${voter}`,
    'event post-upvoted',
    'delivery api.article-upvote-milestone-notification',
    'notification article_upvote_milestone',
    'event api.v1.new-notification',
    'delivery api.new-notification-mail',
  ])
    await row(page, text).first().waitFor();
  expect(complaints).toEqual([]);
});

test('from a job it is one step to the row that led to it', async () => {
  const author = await createUser(api, 'publisher');
  const postId = await createPost(api, author);
  await untilQuiet(stack.postgres, stack.pubsub);
  const { page, complaints } = await openPage(browser);
  await signIn(page, url, token, '/jobs?state=completed');
  await page.getByRole('link', { name: 'warm-trending-posts' }).first().click();
  await page
    .getByRole('link', { name: 'what caused this, and what followed' })
    .click();
  await row(page, `row change post ${postId}`).first().waitFor();
  expect(complaints).toEqual([]);
});

test('what nothing is known of is said in words', async () => {
  const { page } = await openPage(browser);
  await signIn(page, url, token, '/causality?table=post&key=none');
  await page.getByText('expected row none of table post to be known').waitFor();
  expect(await axeViolations(page)).toEqual([]);
});

test('a chain is readable on a phone, in either colour', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 360, height: 780 },
      colorScheme,
    });
    const page = await context.newPage();
    await signIn(page, url, token, address);
    await row(page, 'message mail').waitFor();
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await context.close();
  }
});
