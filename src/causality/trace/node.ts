/**
 * What a chain of causes is made of:
 * - `commit`: a transaction that no handler of ours made, with what was written in it;
 * - `row-change`: a change of a captured table, as it was published;
 * - `event`: a message of a topic;
 * - `delivery`: an event at one subscription, with every attempt to handle it;
 * - `job`, `run` (of a flow), `step`: work that was created;
 * - `notification`, `message` (mail or push), `webhook`: what people are told;
 * - `unknown`: something that is named as a cause and is not kept any more, or was not recorded.
 */
export type NodeKind =
  | 'commit'
  | 'row-change'
  | 'event'
  | 'delivery'
  | 'job'
  | 'run'
  | 'step'
  | 'notification'
  | 'message'
  | 'webhook'
  | 'unknown';

/** One attempt to handle an event. */
export interface Attempt {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** From its receipt until it began, in milliseconds; `undefined` of a redrive. */
  readonly waited: number | undefined;
  readonly outcome: string;
  /** How it failed, and the name of the error. */
  readonly error: string | undefined;
  /** Which delivery it was, as the broker counts. */
  readonly number: number;
  /** Deliveries that it answered. */
  readonly copies: number;
  /** Why there is more than one: delivered again, published again, or redriven. */
  readonly why: 'first' | 'redelivered' | 'published again' | 'redriven';
}

/** A transaction: its id's lower 32 bits, and a time that is close to its commit. */
export interface Transaction {
  readonly id: number;
  readonly at: Date;
}

/** Something that happened. */
export interface CausalNode {
  /** Kind and key. */
  readonly id: string;
  readonly kind: NodeKind;
  /** What it is found by: an id, or `<event id>/<subscription>` of a delivery. */
  readonly key: string;
  /** Its topic, subscription, table, name. */
  readonly title: string;
  readonly at: Date | undefined;
  readonly until?: Date | undefined;
  /** One word: `ack`, `failed`, `completed`, … */
  readonly state?: string | undefined;
  /** A sentence, such as "delivered 4 times, effected once". */
  readonly summary?: string | undefined;
  /** What else is known, by name. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly attempts?: readonly Attempt[];
  /** The id of its entry at the dead-letter desk. */
  readonly deadLetter?: string | undefined;
}

/** A node with what leads on from it. */
export interface Item {
  readonly node: CausalNode;
  /** The id of what caused it. */
  readonly cause?: string | undefined;
  /** The node that it belongs to, where that is known without a cause. */
  readonly parent?: string | undefined;
  /** The transaction that wrote it. */
  readonly transaction?: Transaction | undefined;
  /** The subscription of the handler that made it, where that is stored with it. */
  readonly handler?: string | undefined;
  /** Of what its id is made, if a handler made it: see `src/events/identity.ts`. */
  readonly made?:
    { readonly name: string; readonly key?: string | undefined } | undefined;
}

export const nodeId = (kind: NodeKind, key: string): string => `${kind}:${key}`;

/** What is named somewhere, and of which nothing else is there. */
export const unknownItem = (key: string): Item => ({
  node: {
    id: nodeId('unknown', key),
    kind: 'unknown',
    key,
    title: key,
    at: undefined,
    summary: 'not kept any more, or not recorded',
  },
});
