import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { PubSub } from '@google-cloud/pubsub';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

import { startServer } from '../host/processes.ts';
import { median, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { ScratchPostgres } from '../scratch-postgres.ts';
import {
  type Kind,
  kinds,
  projectId,
  type Task,
  WAIT,
  WAITING,
} from './contenders.ts';
import type { Report } from './subscriber.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    'warm-up': { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `npx pnpm bench:workers [options]

Compares workers that insert a row per message, one by one and in batches (handleBatch), and handlers
that wait for ${WAIT} ms, ${WAITING} at once, on the host and on the bare client: one local server and one
Postgres, loopback only, every worker in a process of its own, rounds take turns.

  --messages N   messages of each of the first three   (20000)
  --warm-up N    messages before them that do not count (10000)
  --rounds N     runs of each; the median counts       (3)
  --json         print the result as one line of JSON

Writes bench/results/workers.json.
`;

const IDEAL = (1_000 / WAIT) * WAITING;
/** Ten seconds of waiting. */
const WAITING_MESSAGES = IDEAL * 10;
const LIMIT_SECONDS = 180;

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

const atOnce = (kind: Kind): number =>
  kind === 'waiting' || kind === 'client'
    ? WAITING
    : kind === 'batch'
      ? 500
      : 1;

/** @returns messages a second. @throws if it takes longer than the limit. */
const measure = async (task: Task): Promise<number> => {
  const child = fork(new URL('./subscriber.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, LOG_LEVEL: 'warn' },
  });
  const limit = new AbortController();
  try {
    child.send(task);
    const [report] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(
          `expected the process of ${task.kind} to report, but it ended with ${String(code)}`,
        );
      }),
      delay(LIMIT_SECONDS * 1_000, undefined, { signal: limit.signal }).then(
        () => {
          throw new Error(
            `expected ${task.kind} to take ${task.messages} messages within ${LIMIT_SECONDS} s`,
          );
        },
      ),
    ])) as [Report];
    // What ran when the first one ended had begun before the clock.
    return (task.messages - atOnce(task.kind)) / report.seconds;
  } finally {
    limit.abort();
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  }
};

const run = async (): Promise<void> => {
  const messages = Number(values.messages);
  const warmUp = Number(values['warm-up']);
  const rounds = Number(values.rounds);
  await using postgres = await ScratchPostgres.start('bench-workers');
  const databaseUrl = postgres.url;
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  await sql.query('create table bench_row (number int not null)');
  const server = await startServer();
  const pubsub = new PubSub({
    projectId,
    apiEndpoint: server.address,
    emulatorMode: true,
  });

  /** A topic with one subscription, filled. */
  const lay = async (name: string, count: number): Promise<void> => {
    await pubsub.createTopic(name);
    await pubsub.createSubscription(name, name, { ackDeadlineSeconds: 60 });
    const topic = pubsub.topic(name, { batching: { maxMilliseconds: 5 } });
    for (let sent = 0; sent < count; sent += 5_000)
      await Promise.all(
        Array.from({ length: Math.min(5_000, count - sent) }, (_, index) =>
          topic.publishMessage({
            data: Buffer.from(`{"number":${sent + index}}`),
            attributes: { id: uuidv7() },
          }),
        ),
      );
  };

  try {
    const rates: Record<Kind, number[]> = {
      single: [],
      transactional: [],
      batch: [],
      waiting: [],
      client: [],
    };
    for (let round = 1; round <= rounds; round += 1)
      for (const kind of kinds) {
        const waits = kind === 'waiting' || kind === 'client';
        const task = waits
          ? { warmUp: 0, messages: WAITING_MESSAGES }
          : { warmUp, messages };
        const count = task.warmUp + task.messages;
        const subscription = `${kind}-${round}`;
        await lay(subscription, count);
        await sql.query('truncate bench_row');
        const rate = await measure({
          kind,
          address: server.address,
          databaseUrl,
          subscription,
          ...task,
        });
        if (!waits) {
          const { rows } = await sql.query<{ rows: number }>(
            'select count(*)::int as rows from bench_row',
          );
          if ((rows[0]?.rows ?? 0) < count)
            throw new Error(
              `expected ${kind} to insert ${count} rows, got: ${rows[0]?.rows}`,
            );
        }
        rates[kind].push(rate);
        say(`${round}/${rounds} ${kind}: ${Math.round(rate)}/s`);
      }
    const results = Object.fromEntries(
      kinds.map((kind) => [kind, rounded(median(rates[kind]))]),
    ) as Record<Kind, number>;
    const ratios = {
      batchToSingle: rounded(
        median(
          rates.batch.map((rate, round) => rate / (rates.single[round] ?? NaN)),
        ),
      ),
      waitingToIdeal: rounded(results.waiting / IDEAL),
      clientToIdeal: rounded(results.client / IDEAL),
    };
    const verdicts = [
      `${ratios.batchToSingle >= 5 ? 'met   ' : 'MISSED'}  handleBatch : handler = ${ratios.batchToSingle} (aim: at least 5)`,
      `${ratios.waitingToIdeal >= 0.98 ? 'met   ' : 'MISSED'}  ${WAIT} ms handlers, ${WAITING} at once : ideal = ${ratios.waitingToIdeal} (aim: at least 0.98; the bare client: ${ratios.clientToIdeal})`,
    ];
    const document = recorded('npx pnpm bench:workers', {
      warmUp,
      messages,
      rounds,
      units: 'messages a second',
      results,
      ratios,
      verdicts,
    });
    await keep('workers', document);
    if (values.json) console.log(JSON.stringify(document));
    else {
      console.table(results);
      console.log(verdicts.join('\n'));
    }
  } finally {
    await pubsub.close();
    await server.stop();
    await sql.end();
  }
};

if (values.help) console.log(USAGE);
else await run();
