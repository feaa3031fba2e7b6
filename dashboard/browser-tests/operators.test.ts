import { createHash } from 'node:crypto';

import type { Browser, Page } from 'playwright-core';

import { Machine, until } from '../../__tests__/e2e/nightshift.ts';
import { axeViolations, openBrowser, openPage, signIn } from './browser.ts';

const tokens = {
  operator: 'a-token-of-somebody-who-mends-things',
  reader: 'a-token-of-somebody-who-reads',
};
const sha256 = (text: string) =>
  createHash('sha256').update(text).digest('hex');

let machine: Machine;
let browser: Browser;
let url: string;

const sql = (statement: string) => machine.run('sql', statement);

beforeAll(async () => {
  browser = await openBrowser();
  machine = await Machine.prepare({
    OPERATORS: JSON.stringify([
      {
        name: 'ana',
        sha256: sha256(tokens.operator),
        rights: [
          'read',
          'reveal',
          'edit',
          'redrive',
          'resolve',
          'jobs',
          'subscriptions',
          'flows',
          'schedules',
        ],
      },
      { name: 'ben', sha256: sha256(tokens.reader), rights: ['read'] },
    ]),
  });
  const background = machine.start('dev', 'background');
  await background.logged('nightshift ready');
  const api = machine.start('dev', 'api');
  const ready = await api.logged('nightshift api ready');
  url = String(ready.api);
});

afterAll(async () => {
  await browser?.close();
  await machine?.remove();
});

const openAs = async (token: string, path: string) => {
  const watched = await openPage(browser);
  await signIn(watched.page, url, token, path);
  return watched;
};

/** Comments whose rendering fails, so that each becomes a dead letter. */
const poisoned = 3;

const poison = async () => {
  await sql(`create function full_disk() returns trigger language plpgsql as
    $$ begin raise exception 'no space left for comment %', new.id; end $$`);
  await sql(`create trigger full_disk before update of content_html on comment
    for each row when (old.content_html is distinct from new.content_html) execute function full_disk()`);
  await sql(`update comment set content = content || ' *more*'
    where id in (select id from comment order by id limit ${poisoned})`);
};

const mend = () => sql('drop trigger full_disk on comment');

const openEntries = async (page: Page): Promise<number> => {
  const text = await page
    .getByRole('region', { name: 'By their reason' })
    .innerText()
    .catch(() => '');
  return Number(/(\d+) entr/.exec(text)?.[1] ?? 0);
};

test('a poisonous message is seen, its handler mended, redriven as a canary and in bulk, and the list is empty', async () => {
  const { page, complaints } = await openAs(tokens.operator, '/');
  await poison();
  // The overview is live: nobody loads it again.
  await page
    .getByText(`${poisoned} dead letters wait at the desk`)
    .waitFor({ timeout: 90_000 });
  expect(await axeViolations(page)).toEqual([]);
  await page
    .getByRole('link', { name: /no space left for comment/ })
    .first()
    .click();
  await page.getByRole('heading', { name: 'Dead letters' }).waitFor();
  // What is looked at stands in the address, and no token does.
  expect(page.url()).toContain('subscription=api.comment-markdown');
  expect(page.url()).not.toContain(tokens.operator);
  await until(async () => (await openEntries(page)) === poisoned);
  expect(await axeViolations(page)).toEqual([]);

  await page
    .getByRole('table', { name: 'Dead letters', exact: true })
    .getByRole('link')
    .first()
    .click();
  await page.getByRole('button', { name: 'Reveal (audited)' }).click();
  await page.getByText('revealed; the audit log keeps it').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.goBack();

  await mend();
  await page
    .getByRole('button', { name: `Redrive ${poisoned} entries` })
    .click();
  await page.getByText('Their handlers can read all of them.').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel(/^Why/).fill('the disk is larger');
  await page.getByRole('button', { name: 'Redrive one, as a canary' }).click();
  await page.getByText('The canary came through.').waitFor();
  await page.getByText(`${poisoned - 1} entries will be touched`).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page
    .getByRole('button', {
      name: `Redrive ${poisoned - 1} entries`,
      exact: true,
    })
    .click();
  await page
    .getByText(`${poisoned - 1} done, 0 failed, 0 skipped, 0 left`)
    .waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByText('Nothing waits at the desk.').waitFor();
  await page.getByRole('link', { name: 'Bulk actions' }).click();
  await page
    .getByRole('link', { name: `Redrive ${poisoned - 1} entries` })
    .click();
  await page.getByText('completed', { exact: true }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);

  const audited = await sql(
    `select action, actor, reason from audit_log order by id`,
  );
  expect(audited).toContain('dead-letters.reveal');
  expect(audited).toContain('bulk.dead-letters.redrive.finished');
  expect(audited).toContain('the disk is larger');
});

test('a reader sees everything, and is offered nothing that changes it', async () => {
  const { page, complaints } = await openAs(
    tokens.reader,
    '/dead-letters?state=any',
  );
  await page.getByText('may read only').waitFor();
  await until(async () => (await openEntries(page)) === poisoned);
  await page
    .getByRole('table', { name: 'Dead letters', exact: true })
    .getByRole('link')
    .first()
    .click();
  await page.getByText('what people wrote is hidden').waitFor();
  for (const name of [/Redrive/, /Resolve/, /Reveal/, /Edit/])
    expect(await page.getByRole('button', { name }).count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a run of a flow is drawn, paused and cancelled, by who may', async () => {
  const { page, complaints } = await openAs(tokens.operator, '/flows');
  const runs = page.getByRole('table', { name: 'Runs of flows' });
  // Posts of the sample data are published, each by a run that sleeps for a day.
  await runs
    .getByRole('link', { name: /publication/ })
    .first()
    .click();
  await page.getByRole('img', { name: /The steps of publication/ }).waitFor();
  await page.getByText(/^sleeps until/).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  for (const [name, state] of [
    ['Pause', 'paused'],
    ['Resume', 'running'],
    ['Cancel the run', 'cancelled'],
  ] as const) {
    await page.getByRole('button', { name: `${name} …` }).click();
    await page.getByRole('button', { name, exact: true }).click();
    await page
      .getByRole('region', { name: 'The run' })
      .getByText(state, { exact: true })
      .waitFor();
  }
  expect(complaints).toEqual([]);
});

/** Posts whose counter does not agree with their votes. */
const differing = async (): Promise<number> => {
  const statement = `select id from post
    where upvotes <> (select count(*) from post_vote where post_id = post.id and vote = 1)`;
  const printed = await machine.run('sql', '--json', statement);
  const { rowCount } = JSON.parse(printed) as { readonly rowCount: number };
  return rowCount;
};

test('a run that waits says for what, is signalled, and repairs the counter that it had found', async () => {
  await sql(
    'update post set upvotes = upvotes + 7 where id = (select id from post order by id limit 1)',
  );
  expect(await differing()).toBe(1);
  const { page, complaints } = await openAs(tokens.operator, '/schedules');
  await page
    .getByRole('row', { name: /reconciliation/ })
    .getByRole('button', { name: 'Run now …' })
    .click();
  await page.getByRole('button', { name: 'Run now', exact: true }).click();

  // Of its four runs three have nothing to ask.
  const links = page
    .getByRole('table', { name: 'Runs of flows' })
    .getByRole('link');
  await page.goto(`${url}/admin/flows?flow=reconciliation&state=completed`);
  await until(async () => (await links.count()) === 3);
  await page.goto(`${url}/admin/flows?flow=reconciliation&state=running`);
  await links.click();
  await page
    .getByRole('img', { name: /The steps of reconciliation/ })
    .waitFor();
  await page.getByText(/^waits for the signal approval until/).waitFor();
  await page.getByText('waits for approval', { exact: true }).waitFor();
  expect(await axeViolations(page)).toEqual([]);

  await page.getByRole('button', { name: 'Signal approval …' }).click();
  const payload = page.getByLabel('What the signal carries, as JSON');
  const send = page.getByRole('button', {
    name: 'Signal approval',
    exact: true,
  });
  expect(JSON.parse(await payload.inputValue())).toEqual({ approved: false });
  await payload.fill('{"approved":"yes"}');
  await send.click();
  await page
    .getByRole('alert')
    .getByText(/approved: .*boolean/)
    .waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(await differing()).toBe(1);
  await payload.fill('{"approved":true}');
  await page.getByLabel(/^Why/).fill('the votes are right');
  await send.click();
  await page
    .getByRole('region', { name: 'The run' })
    .getByText('completed', { exact: true })
    .waitFor();
  expect(await differing()).toBe(0);
  expect(
    await sql(
      `select actor, reason from audit_log where action = 'flows.signal'`,
    ),
  ).toMatch(/ana.*the votes are right/);
  // The one that was refused.
  expect(complaints).toEqual([expect.stringContaining('400 (Bad Request)')]);
});

test('a subscription is paused, which everybody sees, and goes on', async () => {
  const { page, complaints } = await openAs(
    tokens.operator,
    '/subscriptions/api.comment-markdown',
  );
  await page.getByRole('button', { name: 'Pause …' }).click();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel(/^Why/).fill('its renderer is broken');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('its renderer is broken').waitFor();
  expect(await machine.run('subscriptions', 'paused')).toContain(
    'api.comment-markdown is paused by ana',
  );
  await page.getByRole('link', { name: 'Overview' }).click();
  await page
    .getByText(/api.comment-markdown is paused by ana since/)
    .first()
    .waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Resume …' }).click();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByRole('button', { name: 'Pause …' }).waitFor();
  expect(complaints).toEqual([]);
});

test('a payload is edited, compared with its handler, and run again', async () => {
  const event = '0194203a-0af8-7875-aa5c-89b838accc5d';
  const mistyped = '{"commentId":"mistyped"}';
  await sql(`insert into dead_letter (id, source, subscription, topic, identity, event_id, publish_time, ordering_key,
      payload, document, attributes, error, fingerprint, attempts)
    values (gen_random_uuid(), 'pubsub', 'api.comment-markdown', 'comment-changed', '${event}', '${event}', now(), '',
      convert_to('${mistyped}', 'utf8'), '${mistyped}', '{"id":"${event}"}', 'Error: expected a UUID', 'abcdefabcdef', 1)`);
  const { page, complaints } = await openAs(
    tokens.operator,
    '/dead-letters?fingerprint=abcdefabcdef',
  );
  await page
    .getByRole('table', { name: 'Dead letters', exact: true })
    .getByRole('link')
    .first()
    .click();
  await page.getByRole('button', { name: 'Edit and run again …' }).click();
  await page.getByRole('button', { name: 'Reveal the payload' }).click();
  const payload = page.getByLabel('Payload, as JSON');
  await payload.waitFor();
  await page.getByRole('button', { name: 'Compare with its handler' }).click();
  await page.getByText(/Its handler cannot read it: .*commentId/).waitFor();
  await payload.fill('{"commentId":"0194203a-0af8-7875-aa5c-89b838accc5c"}');
  await page.getByRole('button', { name: 'Compare with its handler' }).click();
  await page.getByText('Its handler can read it.').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel(/^Why/).fill('a typo');
  await page.getByRole('button', { name: 'Run with this payload' }).click();
  await page.getByText('It came through.').waitFor();
  expect(complaints).toEqual([]);
});

test('a wrong token is told so, and the right one works after it', async () => {
  const { page } = await openPage(browser);
  await page.goto(`${url}/admin/`);
  await page.getByLabel('Your token').fill('x');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel('Your token').fill(tokens.reader);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('the page is readable on a phone, in either colour', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 360, height: 780 },
      colorScheme,
    });
    const page = await context.newPage();
    await signIn(page, url, tokens.reader);
    for (const path of [
      '/',
      '/dead-letters?state=any',
      '/subscriptions',
      '/flows',
      '/jobs?state=completed',
      '/queues',
      '/schedules',
      '/schedules/webhook-retry',
      '/subscriptions/api-cdc',
      '/connections',
      '/webhooks',
      '/webhooks/deliveries',
      '/exports',
      '/audit-log',
      '/bulk-actions',
    ]) {
      await page.goto(`${url}/admin${path}`);
      await page.getByRole('region').first().waitFor();
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect([path, overflow]).toEqual([path, 0]);
      expect(await axeViolations(page)).toEqual([]);
    }
    await context.close();
  }
});
