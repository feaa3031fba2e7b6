import { servedSubscriptions } from '../../../.infra/common.ts';
import { type Attempt, type Item, nodeId, type Transaction } from './node.ts';
import { mostRows, type Reader } from './reader.ts';
import { sentenceOf } from './sentence.ts';

interface AttemptRow {
  readonly event_id: string;
  readonly subscription: string;
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly received_at: Date | null;
  readonly message_id: string;
  readonly attempt: number;
  readonly copies: number;
  readonly outcome: string;
  readonly failure: string | null;
  readonly error: string | null;
}

interface InboxRow {
  readonly subscription: string;
  readonly event_id: string;
  readonly received_at: Date;
  readonly transaction: string;
}

interface LetterRow {
  readonly id: string;
  readonly subscription: string;
  readonly identity: string;
  readonly state: string;
}

/** Attempts of one event that are looked at, of all its subscriptions. */
const mostAttempts = 1_000;

/** An event at one subscription, and when its handler's transaction was committed, if it had one. */
export interface Delivered extends Item {
  readonly eventId: string;
  readonly subscription: string;
  readonly commit: Transaction | undefined;
}

/** An event whose deliveries are looked for. */
export interface Sought {
  readonly eventId: string;
  /** `undefined` if it is not known. */
  readonly topic: string | undefined;
}

const declaredFor = (topic: string | undefined): string[] =>
  servedSubscriptions
    .filter((declaration) => declaration.topic === topic)
    .map(({ subscription }) => subscription);

const attemptsOf = (rows: readonly AttemptRow[]): Attempt[] => {
  const seen = new Set<string>();
  return rows.map((row) => {
    const why =
      row.received_at === null
        ? ('redriven' as const)
        : seen.has(row.message_id)
          ? ('redelivered' as const)
          : seen.size > 0
            ? ('published again' as const)
            : row.attempt > 1
              ? ('redelivered' as const)
              : ('first' as const);
    seen.add(row.message_id);
    return {
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      waited: row.received_at
        ? Math.max(0, row.started_at.getTime() - row.received_at.getTime())
        : undefined,
      outcome: row.outcome,
      error:
        row.failure === null
          ? undefined
          : [row.failure, row.error].filter((part) => part !== null).join(': '),
      number: row.attempt,
      copies: row.copies,
      why,
    };
  });
};

/** The broker counts deliveries, too, and so finds those that never ran. */
const deliveriesOf = (rows: readonly AttemptRow[]): number => {
  const byMessage = new Map<string, { seen: number; counted: number }>();
  for (const { message_id, copies, attempt } of rows) {
    const { seen, counted } = byMessage.get(message_id) ?? {
      seen: 0,
      counted: 0,
    };
    byMessage.set(message_id, {
      seen: seen + copies,
      counted: Math.max(counted, attempt + copies - 1),
    });
  }
  return [...byMessage.values()].reduce(
    (sum, { seen, counted }) => sum + Math.max(seen, counted),
    0,
  );
};

const keyOf = (eventId: string, subscription: string) =>
  `${eventId}/${subscription}`;

const delivered = (
  eventId: string,
  subscription: string,
  rows: readonly AttemptRow[],
  inbox: InboxRow | undefined,
  letter: LetterRow | undefined,
): Delivered => {
  const attempts = attemptsOf(rows);
  const last = attempts.at(-1);
  const key = keyOf(eventId, subscription);
  const isDeadLetter = letter?.state === 'open';
  const isDone =
    inbox !== undefined || attempts.some(({ outcome }) => outcome === 'ack');
  const commit = inbox && {
    id: Number(inbox.transaction),
    at: inbox.received_at,
  };
  return {
    eventId,
    subscription,
    commit,
    transaction: commit,
    parent: nodeId('event', eventId),
    node: {
      id: nodeId('delivery', key),
      kind: 'delivery',
      key,
      title: subscription,
      at: attempts[0]?.startedAt ?? inbox?.received_at,
      until: last?.finishedAt,
      state: isDeadLetter
        ? 'dead-letter'
        : isDone
          ? 'handled'
          : last
            ? last.outcome
            : 'unrecorded',
      summary: sentenceOf({
        attempts,
        deliveries: deliveriesOf(rows),
        effected: inbox !== undefined,
        isDeadLetter,
      }),
      attempts,
      deadLetter: letter?.id,
    },
  };
};

/** What became of events at each of their subscriptions: those of today, and those that were recorded. */
export const deliveriesOfEvents = async (
  reader: Reader,
  sought: readonly Sought[],
): Promise<Delivered[]> => {
  if (sought.length === 0) return [];
  const ids = sought.map(({ eventId }) => eventId);
  const rows = await reader.rows<AttemptRow>(
    `select event_id, subscription, started_at, finished_at, received_at, message_id, attempt, copies, outcome,
       failure, error from delivery where event_id = any($1) order by started_at limit ${mostAttempts}`,
    [ids],
    mostAttempts,
  );
  const subscriptions = new Map<string, Set<string>>(
    sought.map(({ eventId, topic }) => [eventId, new Set(declaredFor(topic))]),
  );
  for (const { event_id, subscription } of rows)
    subscriptions.get(event_id)?.add(subscription);
  const names = [
    ...new Set([...subscriptions.values()].flatMap((s) => [...s])),
  ];
  // The keys of both tables begin with the subscription.
  const inbox = await reader.rows<InboxRow>(
    `select subscription, event_id, received_at, xmin::text as transaction from inbox
      where subscription = any($1) and event_id = any($2)`,
    [names, ids],
  );
  const letters = await reader.rows<LetterRow>(
    `select id, subscription, identity, state from dead_letter
      where source = 'pubsub' and subscription = any($1) and identity = any($2)`,
    [names, ids],
  );
  return [...subscriptions].flatMap(([eventId, own]) =>
    [...own].map((subscription) =>
      delivered(
        eventId,
        subscription,
        rows.filter(
          (row) =>
            row.event_id === eventId && row.subscription === subscription,
        ),
        inbox.find(
          (row) =>
            row.event_id === eventId && row.subscription === subscription,
        ),
        letters.find(
          (row) =>
            row.identity === eventId && row.subscription === subscription,
        ),
      ),
    ),
  );
};

/** The least share that each subscription recorded of its successes around some moments, where it recorded any. */
export const sharesAround = async (
  reader: Reader,
  moments: readonly Date[],
): Promise<ReadonlyMap<string, number>> => {
  if (moments.length === 0) return new Map();
  const rows = await reader.rows<{ subscription: string; share: number }>(
    `select subscription, min(share)::float8 as share from unnest($1::timestamptz[]) as wanted (at)
       cross join lateral (
         select subscription, share from delivery
          where finished_at between at - interval '2 seconds' and at + interval '30 seconds'
          order by finished_at limit 2000) recorded
      group by subscription`,
    [moments],
  );
  return new Map(rows.map(({ subscription, share }) => [subscription, share]));
};

/** Who made what a handler's transaction wrote: the events whose inbox rows were written in it. */
export const handlersOf = async (
  reader: Reader,
  transactions: readonly Transaction[],
): Promise<
  {
    readonly id: number;
    readonly eventId: string;
    readonly subscription: string;
  }[]
> =>
  transactions.length === 0
    ? []
    : reader.rows(
        `select wanted.id::int8::float8 as id, event_id as "eventId", subscription
           from unnest($1::bigint[], $2::timestamptz[]) as wanted (id, at)
           join inbox on received_at between at - interval '2 minutes' and at + interval '1 second'
            and inbox.xmin = wanted.id::text::xid limit ${mostRows}`,
        [transactions.map(({ id }) => id), transactions.map(({ at }) => at)],
      );
