import { deliveriesOfEvents, handlersOf } from './deliveries.ts';
import { notificationOf, soughtOf } from './forward.ts';
import type { Graph } from './graph.ts';
import { handlerOf } from './handler-of.ts';
import { type Item, nodeId, type Transaction, unknownItem } from './node.ts';
import { mostRows, type Reader } from './reader.ts';
import { eventsWhere } from './things/events.ts';
import { stepOf } from './things/ids.ts';
import { things } from './things/index.ts';
import { changesWhere } from './things/row-changes.ts';
import { stepsOf } from './things/steps.ts';

/** Steps from an effect to its cause. */
const mostRounds = 50;

const stepAt = async (
  reader: Reader,
  run: string,
  step: string,
): Promise<Item | undefined> =>
  (await stepsOf(reader, [run])).find(
    ({ node }) => node.key === `${run}:${step}`,
  );

/** The thing of an id that stands somewhere as a cause. */
const causeNamed = async (reader: Reader, cause: string): Promise<Item> => {
  const task = stepOf(cause);
  const found = task
    ? await stepAt(reader, task.run, task.step)
    : (await things(reader, [cause], [])).find(
        ({ node }) => node.key === cause,
      );
  return found ?? unknownItem(cause);
};

/** The job whose end was written in a transaction. */
const jobOf = async (
  reader: Reader,
  { id, at }: Transaction,
): Promise<Item | undefined> => {
  const [row] = await reader.rows<{ id: string }>(
    `select id from jobs_completed
      where finished_at between $2::timestamptz - interval '2 minutes' and $2::timestamptz + interval '1 second'
        and xmin = $1::text::xid limit 1`,
    [id, at],
  );
  return row && (await things(reader, [row.id], []))[0];
};

/** What was written in a transaction that no handler made: the rows, and the events with them. */
const writtenIn = async (
  reader: Reader,
  { id, at }: Transaction,
): Promise<Item[]> => [
  ...(await changesWhere(
    reader,
    `transaction_id = $1 and committed_at between $2::timestamptz - interval '2 minutes'
       and $2::timestamptz + interval '10 minutes' order by lsn, committed_at limit ${mostRows}`,
    [id, at],
  )),
  ...(await eventsWhere(
    reader,
    `created_at between $2::timestamptz - interval '2 minutes' and $2::timestamptz + interval '1 second'
       and xmin = $1::text::xid order by created_at limit ${mostRows}`,
    [id, at],
  )),
];

/** Goes from effects back to what they began with. */
export class Backward {
  /** What was written together with what the search began at. */
  readonly beside: Item[] = [];
  readonly #reader: Reader;
  readonly #graph: Graph;

  constructor(reader: Reader, graph: Graph) {
    this.#reader = reader;
    this.#graph = graph;
  }

  async follow(from: readonly Item[]): Promise<void> {
    let open = [...from];
    for (let round = 0; open.length > 0; round += 1) {
      if (round === mostRounds) {
        this.#graph.truncated = true;
        return;
      }
      const next: Item[] = [];
      for (const item of open) {
        if (this.#graph.hasParent(item.node.id)) continue;
        next.push(...(await this.#above(item, round === 0)));
      }
      open = next;
    }
  }

  /** Adds what an item follows from. @returns what is new of it */
  async #above(item: Item, isFirst: boolean): Promise<Item[]> {
    const { parent, cause, transaction, node } = item;
    if (parent !== undefined) return this.#belongs(item, parent);
    if (cause !== undefined)
      return this.#causedBy(item, await causeNamed(this.#reader, cause));
    if (transaction === undefined) return [];
    if (node.kind !== 'row-change' && node.kind !== 'event') return [];
    const [handler] = await handlersOf(this.#reader, [transaction]);
    if (handler) {
      const owner = await causeNamed(this.#reader, handler.eventId);
      return this.#causedBy(item, owner, handler.subscription);
    }
    if (node.kind === 'row-change') {
      if (node.facts?.['table'] === 'user_notification') {
        const id = notificationOf(item);
        const [found] = await things(this.#reader, [id], []);
        if (found) return this.#put(found, item);
      }
      const job = await jobOf(this.#reader, transaction);
      // Of a flow it is the step that did it: the job only carries its task.
      if (job?.parent !== undefined) return this.#belongs(item, job.parent);
      if (job) return this.#put(job, item);
    }
    await this.#committed(item, transaction, isFirst);
    return [];
  }

  async #belongs(item: Item, parent: string): Promise<Item[]> {
    const separator = parent.indexOf(':');
    const kind = parent.slice(0, separator);
    const key = parent.slice(separator + 1);
    const task = kind === 'step' ? stepOf(key) : undefined;
    const found = task
      ? await stepAt(this.#reader, task.run, task.step)
      : (await things(this.#reader, [key], [])).find(
          ({ node }) => node.key === key,
        );
    return this.#put(found ?? unknownItem(key), item);
  }

  #put(above: Item, item: Item): Item[] {
    const isNew = this.#graph.add(above);
    this.#graph.link(above.node.id, item.node.id);
    return isNew ? [above] : [];
  }

  /** Between an event and what followed from it stands the handler, as far as it is known which. */
  async #causedBy(
    item: Item,
    owner: Item,
    subscription?: string,
  ): Promise<Item[]> {
    const { kind } = owner.node;
    const deliveries =
      kind === 'event' || kind === 'row-change' || kind === 'unknown'
        ? await deliveriesOfEvents(this.#reader, [soughtOf(owner)])
        : [];
    const handler =
      deliveries.find((each) => each.subscription === subscription) ??
      handlerOf(item, deliveries);
    if (!handler) return this.#put(owner, item);
    this.#put(handler, item);
    return this.#put(owner, handler);
  }

  async #committed(
    item: Item,
    transaction: Transaction,
    isFirst: boolean,
  ): Promise<void> {
    const written = await writtenIn(this.#reader, transaction);
    const changes = written.filter(({ node }) => node.kind === 'row-change');
    // Without a row there is nothing that the commit would tell.
    if (changes.length === 0) return;
    const key = String(transaction.id);
    const commit: Item = {
      node: {
        id: nodeId('commit', key),
        kind: 'commit',
        key,
        title: `transaction ${key}`,
        at: changes[0]?.node.at,
        summary:
          'committed by no handler: a request, a person, another program',
      },
    };
    this.#graph.add(commit);
    for (const each of isFirst ? written : [...changes, item]) {
      if (this.#graph.add(each) && isFirst) this.beside.push(each);
      this.#graph.link(commit.node.id, each.node.id);
    }
  }
}
