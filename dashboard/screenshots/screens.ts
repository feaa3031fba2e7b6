import type { Page } from 'playwright-core';
import type { DataSource } from 'typeorm';

/** A screen, and the address that shows it best. */
export interface Screen {
  /** Of its file. */
  readonly name: string;
  readonly path: string;
}

/** What details are shown of: an address with a row's id, found by SQL. */
const details: readonly (readonly [
  name: string,
  path: string,
  statement: string,
])[] = [
  [
    'dead-letter',
    '/dead-letters/:id',
    `select id from dead_letter where source = 'pubsub' order by id desc limit 1`,
  ],
  ['subscription', '/subscriptions/:id', `select 'api.comment-markdown' as id`],
  [
    'flow',
    '/flows/:id',
    `select run.id from flow_run run join flow_step step on step.run_id = run.id
      group by run.id order by (run.flow = 'publication') desc, count(*) desc, run.id desc limit 1`,
  ],
  [
    'job',
    '/jobs/:id',
    `select job_id as id from job_attempt where error is not null order by started_at desc limit 1`,
  ],
  ['schedule', '/schedules/:id', `select 'webhook-retry' as id`],
  [
    'connection',
    '/connections/:id',
    `select id from connection where last_synced_at is not null limit 1`,
  ],
  [
    'webhook-delivery',
    '/webhooks/deliveries/:id',
    `select id from webhook_deliveries where error is not null order by id desc limit 1`,
  ],
  [
    'bulk-action',
    '/bulk-actions/:id',
    `select id from bulk_action order by id desc limit 1`,
  ],
  [
    'causality-followed',
    '/causality?id=:id',
    `select id from outbox where topic = 'comment-created' order by created_at desc limit 1`,
  ],
];

/** Addresses that show more than the one that the list opens with. */
const better: Readonly<Record<string, string>> = {
  '/jobs': '/jobs?state=completed',
};

const nameOf = (path: string): string =>
  path === '/' ? 'overview' : path.slice(1).replaceAll('/', '-');

/** Every screen that the page links to, and one of each detail that there is. */
export const screensOf = async (
  page: Page,
  con: DataSource,
): Promise<Screen[]> => {
  const anchors = await page
    .getByRole('navigation', { name: 'Sections' })
    .getByRole('link')
    .all();
  const links = await Promise.all(
    anchors.map(async (link) => (await link.getAttribute('href')) ?? ''),
  );
  const sections = [
    ...links.map((href) => href.replace('/admin', '') || '/'),
    '/webhooks/deliveries',
  ];
  const found: Screen[] = sections.map((path) => ({
    name: nameOf(path),
    path: better[path] ?? path,
  }));
  for (const [name, path, statement] of details) {
    const [row] = await con.query<{ id: string }[]>(statement);
    if (!row)
      throw new Error(
        `expected the load to have made a ${name}, found none: ${statement}`,
      );
    found.push({
      name,
      path: path.replace(':id', encodeURIComponent(row.id)),
    });
  }
  return found;
};
