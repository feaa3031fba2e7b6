import type { DataSource } from 'typeorm';

import type { PageDocument } from './documents.ts';
import { prolific } from './fill-causality.ts';

/** What one screen asks, with one choice of filter or page. */
export interface Question {
  readonly document: PageDocument;
  /** The filter, in words. */
  readonly as: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Variables = Readonly<Record<string, unknown>>;
type Choices = Readonly<Record<string, Variables>>;

const idOf = async (
  con: DataSource,
  statement: string,
): Promise<string | undefined> =>
  (await con.query<{ id: string }[]>(statement))[0]?.id;

/** A row deep in a list, in the list's own order. */
const deep = (from: string, order: string, offset: number): string =>
  `select id from ${from} order by ${order} offset ${offset} limit 1`;

const soughtRow = async (
  con: DataSource,
  condition: string,
): Promise<Variables> =>
  (
    await con.query<{ table: string; key: string }[]>(
      `select table_name as table, key from row_change where ${condition} limit 1`,
    )
  )[0]!;

const filters: Choices = {
  'everything open': {},
  'any state': { state: 'any' },
  'one subscription': { subscription: 'api.comment-markdown' },
  'a rare subscription': { subscription: 'api.rare', state: 'any' },
  'one topic': { topic: 'api.crm-contact-topic', state: 'any' },
  'one source': { source: 'cdc', state: 'any' },
  'the last hour': { newerThan: '1h' },
  'older than a week': { olderThan: '7d', state: 'any' },
  'one user, by payload path': { payload: ['userId=user-42'], state: 'any' },
  'half of all, by payload path': { payload: ['kind=even'], state: 'any' },
  'nothing, by payload path': { payload: ['userId=nobody'], state: 'any' },
};

const pagesOf = (choices: Choices, pages: Choices): Choices => ({
  ...choices,
  ...pages,
});

/** Every choice that is asked, by the name of the document. */
export const choicesFor = async (
  con: DataSource,
): Promise<Readonly<Record<string, Choices>>> => {
  const [fault] = await con.query<{ fingerprint: string }[]>(
    `select fingerprint from dead_letter where state = 'open' group by 1 order by count(*) desc limit 1`,
  );
  const desk: Choices = {
    ...filters,
    'the most frequent fault': { fingerprint: fault?.fingerprint },
  };
  const asFilter = Object.fromEntries(
    Object.entries(desk).map(([name, filter]) => [
      name,
      { filter: { state: 'open', ...(filter as object) } },
    ]),
  );
  const id = (statement: string) => idOf(con, statement);
  return {
    DeadLetterGroups: asFilter,
    DeadLetters: pagesOf(asFilter, {
      'page 500': {
        filter: { state: 'any' },
        after: await id(deep('dead_letter', 'id desc', 25_000)),
      },
    }),
    DeadLetter: { one: { id: await id('select id from dead_letter limit 1') } },
    EditPreview: {
      one: {
        id: await id(
          `select id from dead_letter where topic = 'comment-changed' and state = 'open' limit 1`,
        ),
        document: '{"commentId": "019427be-c000-7d9b-a98f-2dc78456a524"}',
      },
    },
    RedrivePreview: {
      'everything open': { choice: { all: true } },
      'one subscription': { choice: { subscription: 'api.comment-markdown' } },
    },
    Jobs: {
      running: { state: 'running' },
      pending: { state: 'pending' },
      failed: { state: 'failed' },
      scheduled: { state: 'scheduled' },
      cancelled: { state: 'cancelled' },
      'cancelled of a queue': { state: 'cancelled', queue: 'sync' },
      completed: { state: 'completed' },
      'completed of a queue': { state: 'completed', queue: 'sync' },
      'completed of a rare queue': { state: 'completed', queue: 'rare' },
      'completed of no queue': { state: 'completed', queue: 'none' },
      'completed by name': { state: 'completed', name: 'reconcile-counters' },
      'completed of no name': { state: 'completed', name: 'none' },
      'completed by both': {
        state: 'completed',
        queue: 'rare',
        name: 'deliver-webhook',
      },
      'completed, page 10,000': {
        state: 'completed',
        after: await id(
          deep(
            `jobs_completed where state = 'completed'`,
            'finished_at desc, id desc',
            500_000,
          ),
        ),
      },
      'completed of a queue, page 1,000': {
        state: 'completed',
        queue: 'sync',
        after: await id(
          deep(
            `jobs_completed where state = 'completed' and queue = 'sync'`,
            'finished_at desc, id desc',
            50_000,
          ),
        ),
      },
    },
    Job: {
      archived: { id: await id('select id from jobs_completed limit 1') },
      waiting: { id: await id('select id from job limit 1') },
    },
    FlowRuns: {
      all: {},
      running: { state: 'running' },
      cancelled: { state: 'cancelled' },
      'a rare flow': { flow: 'rare' },
      'a rare flow of a state': { flow: 'rare', state: 'failed' },
      'no flow': { flow: 'none' },
      'page 180': {
        after: await id(deep('flow_run', 'created_at desc, id desc', 9_000)),
      },
    },
    FlowRun: {
      one: { id: await id(`select id from flow_run where state = 'running'`) },
    },
    BulkPreview: {
      'every open dead letter': {
        kind: 'resolveDeadLetters',
        deadLetters: { all: true },
      },
      'dead letters of a subscription': {
        kind: 'redriveDeadLetters',
        deadLetters: { subscription: 'api.comment-markdown' },
      },
      'jobs that wait': { kind: 'cancelJobs', jobs: { all: true } },
      'jobs that failed': { kind: 'retryJobs', jobs: { all: true } },
      'flows that failed': { kind: 'retryFlows', flows: { all: true } },
    },
    BulkActions: {
      newest: {},
      'page 30': { after: await id(deep('bulk_action', 'id desc', 1_500)) },
    },
    BulkAction: {
      'of 20,000 things': {
        id: await id('select action_id as id from bulk_item limit 1'),
      },
    },
    Schedule: { one: { name: 'webhook-retry' } },
    SubscriptionDetails: { one: { name: 'api.comment-markdown' } },
    WebhookEndpoints: {
      newest: {},
      failing: { state: 'failing' },
      disabled: { state: 'disabled' },
      'page 18': {
        after: await id(deep('webhook_endpoint', 'id desc', 900)),
      },
    },
    WebhookDeliveries: {
      newest: {},
      failed: { state: 'failed' },
      pending: { state: 'pending' },
      'failed of an endpoint': {
        state: 'failed',
        endpoint: await id('select id from webhook_endpoint limit 1'),
      },
      'page 3,000': {
        after: await id(deep('webhook_deliveries', 'id desc', 150_000)),
      },
    },
    WebhookDelivery: {
      one: { id: await id('select id from webhook_deliveries limit 1') },
    },
    FeedConnections: {
      newest: {},
      failing: { state: 'failing' },
      disabled: { state: 'disabled' },
      'page 80': { after: await id(deep('connection', 'id desc', 4_000)) },
    },
    FeedConnection: {
      one: { id: await id('select id from connection limit 1') },
    },
    Exports: {
      newest: {},
      failed: { state: 'failed' },
      requested: { state: 'requested' },
      'page 300': { after: await id(deep('export', 'id desc', 15_000)) },
    },
    Causality: {
      'a row': await soughtRow(con, `table_name = 'post_vote'`),
      'a row that somebody was told of': await soughtRow(
        con,
        `table_name = 'user_notification'`,
      ),
      'a mail, back to its row': {
        id: await id('select id from sent_message limit 1'),
      },
      'an archived job': {
        id: await id('select id from jobs_completed limit 1'),
      },
      'a run of a flow': { id: await id('select id from flow_run limit 1') },
      'what led to more than can be shown': { id: prolific },
    },
    OperatorActions: {
      newest: {},
      'page 900': { after: await id(deep('audit_log', 'id desc', 45_000)) },
    },
  };
};

/**
 * Every question of the page. What is not named above is asked as the screen opens.
 *
 * @throws where a document needs variables that nobody named.
 */
export const questionsOf = async (
  con: DataSource,
  documents: readonly PageDocument[],
): Promise<Question[]> => {
  const choices = await choicesFor(con);
  return documents
    .filter(({ operation }) => operation !== 'mutation')
    .flatMap((document) => {
      const own = choices[document.name];
      if (!own && document.needed.length > 0)
        throw new Error(
          `expected choices for ${document.name} (${document.needed.join(', ')}), got none; name them in bench/dashboard/questions.ts`,
        );
      return Object.entries(own ?? { 'as it opens': {} }).map(
        ([as, variables]) => ({ document, as, variables }),
      );
    });
};
