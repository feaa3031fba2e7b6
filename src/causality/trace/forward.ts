import {
  type Delivered,
  deliveriesOfEvents,
  type Sought,
} from './deliveries.ts';
import type { Graph } from './graph.ts';
import { handlerOf } from './handler-of.ts';
import { type Item, nodeId, type Transaction } from './node.ts';
import { mostRows, type Reader } from './reader.ts';
import { stepOf } from './things/ids.ts';
import { things } from './things/index.ts';
import { changesWhere } from './things/row-changes.ts';
import { settledTasks, stepsOf } from './things/steps.ts';

/** Steps from a cause to what followed from it; each takes a few statements. */
const mostRounds = 30;
/** Tasks of a step whose doings are looked for. */
const mostTasks = 100;

const keysOf = (items: readonly Item[], ...kinds: string[]): string[] =>
  items
    .filter(({ node }) => kinds.includes(node.kind))
    .map(({ node }) => node.key);

/** Events, and row changes, which are events, too; and what is named as a cause without being kept. */
const isEvent = ({ node: { kind } }: Item): boolean =>
  kind === 'event' || kind === 'row-change' || kind === 'unknown';

export const soughtOf = ({ node }: Item): Sought => ({
  eventId: node.key,
  topic: node.kind === 'event' ? node.title : undefined,
});

/** What was written in the transactions of others: for each the node that it follows from. */
const committed = async (
  reader: Reader,
  makers: readonly { readonly id: string; readonly transaction: Transaction }[],
): Promise<{ readonly maker: string; readonly item: Item }[]> => {
  if (makers.length === 0) return [];
  const changes = await changesWhere(
    reader,
    `id in (
       select row_change.id from unnest($1::bigint[], $2::timestamptz[]) as wanted (id, at)
         join row_change on transaction_id = wanted.id
          and committed_at between at - interval '2 minutes' and at + interval '10 minutes')
     order by committed_at limit ${mostRows}`,
    [
      makers.map(({ transaction }) => transaction.id),
      makers.map(({ transaction }) => transaction.at),
    ],
  );
  return changes.flatMap((item) => {
    const maker = makers.find(
      ({ transaction }) => transaction.id === item.transaction?.id,
    );
    return maker ? [{ maker: maker.id, item }] : [];
  });
};

/** Row changes by which people have notifications, and messages about them that name no cause. */
const told = async (
  reader: Reader,
  notifications: readonly string[],
): Promise<{ readonly maker: string; readonly item: Item }[]> => {
  if (notifications.length === 0) return [];
  const changes = await changesWhere(
    reader,
    `table_name = 'user_notification' and op = 'c' and key like any($1) order by committed_at limit ${mostRows}`,
    [notifications.map((id) => `${id},%`)],
  );
  return changes.map((item) => ({
    maker: nodeId('notification', item.node.key && notificationOf(item)),
    item,
  }));
};

/** The notification that a row of `user_notification` is of: the first part of its key. */
export const notificationOf = ({ node }: Item): string =>
  (node.facts?.['key'] ?? '').split(',')[0]!;

const taskKeys = (steps: readonly Item[]): string[] =>
  steps.flatMap(({ node }) => [
    `${node.key}:-1`,
    ...Array.from({ length: mostTasks }, (_, index) => `${node.key}:${index}`),
  ]);

/** Adds to the graph whatever followed from some of its nodes, up to its bounds. */
export const followForward = async (
  reader: Reader,
  graph: Graph,
  from: readonly Item[],
): Promise<void> => {
  let open = [...from];
  for (let round = 0; open.length > 0; round += 1) {
    if (round === mostRounds) {
      graph.truncated = true;
      return;
    }
    const next: Item[] = [];
    const add = (item: Item, parent: string | undefined): void => {
      if (graph.add(item)) next.push(item);
      if (parent !== undefined) graph.link(parent, item.node.id);
    };
    const events = open.filter(isEvent);
    const owners = new Map(
      open.map(({ node }) => [node.key, node.id] as const),
    );
    const deliveries = await deliveriesOfEvents(reader, events.map(soughtOf));
    for (const each of deliveries) add(each, owners.get(each.eventId));
    const byEvent = Map.groupBy(deliveries, ({ eventId }) => eventId);

    const runs = keysOf(open, 'run');
    for (const step of await stepsOf(reader, runs)) add(step, step.parent);
    const steps = open.filter(({ node }) => node.kind === 'step');

    const caused = await things(reader, runs, [
      ...events.map(({ node }) => node.key),
      ...keysOf(open, 'job', 'run'),
      ...taskKeys(steps),
    ]);
    for (const item of caused) {
      if (graph.has(item.node.id)) continue;
      add(item, parentOf(item, owners, byEvent));
    }
    const makers = [...deliveries, ...open].flatMap(({ node, transaction }) =>
      transaction && (node.kind === 'delivery' || node.kind === 'job')
        ? [{ id: node.id, transaction }]
        : [],
    );
    for (const { maker, item } of [
      ...(await committed(reader, [
        ...makers,
        ...(await settledTasks(reader, steps)),
      ])),
      ...(await told(reader, keysOf(open, 'notification'))),
    ])
      add(item, maker);
    // What a delivery leads to was found by its event.
    open = next.filter(({ node }) => node.kind !== 'delivery');
  }
};

const parentOf = (
  item: Item,
  owners: ReadonlyMap<string, string>,
  byEvent: ReadonlyMap<string, readonly Delivered[]>,
): string | undefined => {
  const { parent, cause } = item;
  if (parent !== undefined) return parent;
  if (cause === undefined) return undefined;
  const task = stepOf(cause);
  if (task) return nodeId('step', `${task.run}:${task.step}`);
  const handler = handlerOf(item, byEvent.get(cause) ?? []);
  return handler?.node.id ?? owners.get(cause);
};
