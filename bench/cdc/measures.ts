import { setTimeout as delay } from 'node:timers/promises';

import type { Message } from '@google-cloud/pubsub';

import { type Contender, start } from './contenders.ts';
import { changeOne, type Load, loads, oneTransaction } from './load.ts';
import { cpuSeconds, memory } from './process.ts';
import { changesTopic, type World } from './world.ts';

/** Seconds that one measure may take. */
const limit = 280;
/** Seconds that the large transaction may take to be published. */
const transactionLimit = 900;

/** How many cores' time each process had; one of a thread that has 1 can do no more. */
export interface Cores {
  readonly contender: number;
  readonly broker: number;
  /** The process of Postgres that decodes the log for the contender. */
  readonly postgres: number;
}

export interface Drained {
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly cpuMicrosecondsPerRow: number;
  readonly cores: Cores;
}

/** CPU seconds of each process so far. */
const spentBy = async (world: World, pid: number): Promise<Cores> => ({
  contender: await cpuSeconds(pid),
  broker: await cpuSeconds(world.brokerPid),
  postgres: await cpuSeconds(await world.senderPid()),
});

/** Drains a backlog that was written before. What comes first warms up, and is not counted. */
export const drain = async (
  world: World,
  contender: Contender,
  load: Load,
  rows: number,
): Promise<Drained> => {
  const published = await world.published();
  const warm = await loads[load](world.sql, Math.ceil(rows / 4));
  const counted = await loads[load](world.sql, rows);
  const streaming = await start[contender](world);
  try {
    await world.untilPublished(published + warm, limit, streaming);
    const began = performance.now();
    const before = await spentBy(world, streaming.pid);
    await world.untilPublished(published + warm + counted, limit, streaming);
    const seconds = (performance.now() - began) / 1_000;
    const after = await spentBy(world, streaming.pid);
    const coresOf = (process: keyof Cores) =>
      (after[process] - before[process]) / seconds;
    return {
      rows: counted,
      rowsPerSecond: counted / seconds,
      cpuMicrosecondsPerRow: ((coresOf('contender') * seconds) / counted) * 1e6,
      cores: {
        contender: coresOf('contender'),
        broker: coresOf('broker'),
        postgres: coresOf('postgres'),
      },
    };
  } finally {
    await streaming.stop();
  }
};

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export interface Latency {
  readonly changes: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Envelope {
  readonly payload: { readonly source: { readonly ts_us: number } };
}

/** From commit, as Postgres notes it, to publish, as the broker notes it to the millisecond. */
const commitToPublish = ({ data, publishTime }: Message): number => {
  const { payload } = JSON.parse(data.toString()) as Envelope;
  return publishTime.getTime() - payload.source.ts_us / 1_000;
};

/** Changes a row so often a second, and looks when each change was published. */
export const latency = async (
  world: World,
  contender: Contender,
  { changesPerSecond, seconds }: { changesPerSecond: number; seconds: number },
): Promise<Latency> => {
  const name = `latency-${contender}-${Date.now()}`;
  await world.pubsub.topic(changesTopic).createSubscription(name);
  const subscription = world.pubsub.subscription(name, {
    streamingOptions: { maxStreams: 1 },
  });
  const seen: number[] = [];
  subscription.on('message', (message: Message) => {
    message.ack();
    seen.push(commitToPublish(message));
  });
  const streaming = await start[contender](world);
  try {
    const warm = 5 * changesPerSecond;
    const changes = warm + seconds * changesPerSecond;
    const began = performance.now();
    for (let place = 0; place < changes; place += 1) {
      const due = began + (place * 1_000) / changesPerSecond;
      await delay(Math.max(0, due - performance.now()));
      await changeOne(world.sql, place);
    }
    const end = performance.now() + 30_000;
    while (seen.length < changes && performance.now() < end) await delay(10);
    if (seen.length < changes)
      throw new Error(
        `expected ${changes} changes to be published within 30 s, got ${seen.length}`,
      );
    const counted = seen.slice(warm).sort((a, b) => a - b);
    return {
      changes: counted.length,
      p50: quantile(counted, 0.5),
      p99: quantile(counted, 0.99),
    };
  } finally {
    await streaming.stop();
    await subscription.close();
    await subscription.delete();
  }
};

export interface Transaction {
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** Bytes: before the transaction, and the most until its end. */
  readonly resident: number;
  readonly peak: number;
}

/** Streams one transaction of so many rows. */
export const transaction = async (
  world: World,
  contender: Contender,
  rows: number,
): Promise<Transaction> => {
  const before = await world.published();
  const streaming = await start[contender](world);
  try {
    const { resident } = await memory(streaming.pid);
    await oneTransaction(world.sql, rows);
    const began = performance.now();
    await world.untilPublished(before + rows, transactionLimit, streaming);
    const seconds = (performance.now() - began) / 1_000;
    const { peak } = await memory(streaming.pid);
    return { rows, rowsPerSecond: rows / seconds, resident, peak };
  } finally {
    await streaming.stop();
  }
};
