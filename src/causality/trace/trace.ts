import type { DataSource } from 'typeorm';

import { withinTime } from '../../dead-letters/search.ts';
import { NothingKnownError } from '../errors.ts';
import { Backward } from './backward.ts';
import { sharesAround } from './deliveries.ts';
import { followForward } from './forward.ts';
import { Graph, type TracedNode } from './graph.ts';
import { type Item, unknownItem } from './node.ts';
import { Reader } from './reader.ts';
import { sentenceOf } from './sentence.ts';
import { stepOf, uuidsOf } from './things/ids.ts';
import { things } from './things/index.ts';
import { changesWhere } from './things/row-changes.ts';
import { stepsOf } from './things/steps.ts';

/** Deliveries of which nothing is recorded, and for which it is looked up how much was recorded then. */
const mostUnrecorded = 20;

/** What is looked for: an id of whatever kind, or a row. */
export type Sought =
  | { readonly id: string }
  | {
      readonly table: string;
      /** The primary key; of several columns their values with `,` between them, or the first ones. */
      readonly key: string;
    };

/** A chain of causes: what something came from, and all that followed from it. */
export interface Trace {
  /** What was looked for, by the ids of its nodes. */
  readonly found: readonly string[];
  /** As a tree, each before what follows from it. */
  readonly nodes: readonly TracedNode[];
  /** There is more than is shown. */
  readonly truncated: boolean;
  /** From the first moment to the last, in milliseconds. */
  readonly total: number;
}

/** Nodes of one trace. */
const mostNodes = 500;
/** Changes of one row, the newest. */
const mostChanges = 10;
/** Seconds that a statement may take. */
const seconds = 5;

const byRow = async (
  reader: Reader,
  table: string,
  key: string,
): Promise<Item[]> =>
  changesWhere(
    reader,
    `table_name = $1 and (key = $2 or key like $3) order by committed_at desc limit ${mostChanges}`,
    [table, key, `${key.replace(/[\\%_]/g, '\\$&')},%`],
    mostChanges,
  );

const byId = async (reader: Reader, id: string): Promise<Item[]> => {
  const task = stepOf(id);
  if (task) {
    const steps = await stepsOf(reader, [task.run]);
    return steps.filter(({ node }) => node.key === `${task.run}:${task.step}`);
  }
  const found = (await things(reader, [id], [])).filter(
    ({ node }) => node.key === id,
  );
  if (found.length > 0) return found;
  const [entry] =
    uuidsOf([id]).length === 0
      ? []
      : await reader.rows<{ cause: string }>(
          `select coalesce(event_id, identity) as cause from dead_letter where id = $1`,
          [id],
        );
  const key = entry?.cause ?? id;
  if (entry) {
    const behind = await things(reader, [key], []);
    if (behind.length > 0) return behind;
  }
  // Nothing but its effects is kept, or the desk's entry.
  const followed = await things(reader, [], [key]);
  if (!entry && followed.length === 0) return [];
  return [unknownItem(key)];
};

/** Of deliveries that left no trace, whether they would have. */
const explained = async (
  reader: Reader,
  nodes: readonly TracedNode[],
): Promise<TracedNode[]> => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const eventAt = ({ parent }: TracedNode) => byId.get(parent ?? '')?.at;
  const moments = nodes
    .filter(({ state }) => state === 'unrecorded')
    .flatMap((node) => eventAt(node) ?? [])
    .slice(0, mostUnrecorded);
  const shares = await sharesAround(reader, moments);
  return nodes.map((node) =>
    node.state === 'unrecorded'
      ? {
          ...node,
          summary: sentenceOf({
            attempts: [],
            deliveries: 0,
            effected: false,
            isDeadLetter: false,
            share: shares.get(node.title),
          }),
        }
      : node,
  );
};

const totalOf = (nodes: readonly TracedNode[]): number => {
  const times = nodes.flatMap(({ at, until }) =>
    [at, until].flatMap((time) => (time ? [time.getTime()] : [])),
  );
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
};

/**
 * Finds what something came from, back to the row change or the request, and all that followed from it.
 *
 * @throws NothingKnownError, and DeskTimeoutError if a statement takes longer than five seconds.
 */
export const traceCauses = (con: DataSource, sought: Sought): Promise<Trace> =>
  withinTime(
    con,
    async (manager) => {
      const reader = new Reader(manager);
      await manager.query('set transaction read only');
      const found =
        'id' in sought
          ? await byId(reader, sought.id)
          : await byRow(reader, sought.table, sought.key);
      if (found.length === 0)
        throw new NothingKnownError(
          'id' in sought
            ? sought.id
            : `row ${sought.key} of table ${sought.table}`,
        );
      const graph = new Graph(mostNodes);
      for (const item of found) graph.add(item);
      const backward = new Backward(reader, graph);
      await backward.follow(found);
      await followForward(reader, graph, [...found, ...backward.beside]);
      const nodes = await explained(reader, graph.tree());
      return {
        found: found.map(({ node }) => node.id),
        nodes,
        truncated: graph.truncated || reader.truncated,
        total: totalOf(nodes),
      };
    },
    seconds,
  );
