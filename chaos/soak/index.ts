/**
 * Millions of messages through one background process and one Pub/Sub server with a data directory,
 * and how much memory both hold meanwhile.
 *
 *     npx pnpm test:soak [--messages 2000000]
 *
 * On this machine alone, in a temporary directory; stops by itself. Exits with 1 if memory grew by
 * more than a tenth after the first quarter, if a process ended, if there is a dead letter, or if the
 * inbox lacks a message of the transactional worker; the plain worker's are followed by their backlog.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { PubSub } from '@google-cloud/pubsub';
import { Client } from 'pg';

import { ScratchPostgres } from '../../bench/scratch-postgres.ts';
import { freePort } from '../../src/local/ports.ts';
import type { ServerStatistics } from '../../src/pubsub-server/index.ts';
import { Supervised } from '../supervised.ts';
import { until } from '../until.ts';
import { GROWTH_ALLOWED, growthOf, residentMegabytes } from './memory.ts';
import { soakSubscriptions, TRANSACTIONAL_EVERY } from './subscriptions.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '2000000' } },
});
const messages = Number(values.messages);
if (!Number.isInteger(messages) || messages < 20_000 || messages > 100_000_000)
  throw new Error(
    `expected --messages to be a whole number from 20000 to 100000000, got: ${values.messages}`,
  );

const PROJECT = 'soak';
const IN_FLIGHT = 5_000;
/** Nothing is published while more than this wait. */
const BACKLOG = 40_000;
const SAMPLE_INTERVAL = 1_000;
const SECONDS_ALLOWED = 60 + messages / 500;

// Without a slot: nobody captures its changes.
await using postgres = await ScratchPostgres.start('soak');
const { directory, url } = postgres;
const address = `127.0.0.1:${await freePort()}`;
const environment = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'warn',
  DATABASE_URL: url,
  PUBSUB_PROJECT_ID: PROJECT,
  PUBSUB_EMULATOR_HOST: address,
  HEALTH_PORT: '0',
  METADATA_SERVER_DETECTION: 'none',
  NODE_OPTIONS: '',
};
const program = (name: string, ...argv: string[]): Supervised =>
  new Supervised({
    name,
    arguments: ['--import', 'tsx/esm', ...argv],
    environment,
    log: join(directory, `${name}.log`),
  });
const server = program(
  'pubsub',
  ...['bin/cli.ts', 'pubsub', '--port', address.split(':')[1] ?? '', '--quiet'],
  ...['--data', join(directory, 'pubsub')],
).start();

const statistics = async (): Promise<ServerStatistics['subscriptions']> => {
  const response = await fetch(`http://${address}/stats`);
  return ((await response.json()) as ServerStatistics).subscriptions;
};
const backlog = async (): Promise<number> =>
  (await statistics()).reduce((sum, each) => sum + each.backlog, 0);

const countRows = async (table: 'inbox' | 'dead_letter'): Promise<number> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) as count from ${table}`,
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
};

await until('the Pub/Sub server to answer', 60, () =>
  statistics().then(
    () => true,
    () => false,
  ),
);
const pubsub = new PubSub({
  projectId: PROJECT,
  apiEndpoint: address,
  emulatorMode: true,
});
const [created] = await pubsub.createTopic('soak');
await created.createSubscription(soakSubscriptions.plain, {
  ackDeadlineSeconds: 60,
});
await created.createSubscription(soakSubscriptions.transactional, {
  ackDeadlineSeconds: 60,
  filter: 'attributes.transactional = "yes"',
});
const host = program('background', 'chaos/soak/background.ts').start();
await until('both subscriptions to be served', 60, async () =>
  (await statistics()).every(({ openStreams }) => openStreams > 0),
);

const topic = pubsub.topic('soak', {
  batching: { maxMessages: 1_000, maxMilliseconds: 5 },
});
const memory = { host: [] as number[], server: [] as number[] };
const began = performance.now();
let published = 0;
let waiting = 0;
let done = false;

const sampling = (async () => {
  for (let sample = 0; !done; sample += 1) {
    await delay(SAMPLE_INTERVAL);
    if (host.pid === undefined || server.pid === undefined) continue;
    memory.host.push(await residentMegabytes(host.pid));
    memory.server.push(await residentMegabytes(server.pid));
    waiting = await backlog();
    if (sample % 15 === 14)
      console.log(
        `${Math.round((performance.now() - began) / 1_000)} s: ${published} published, ${waiting} wait; ` +
          `host ${Math.round(memory.host.at(-1) ?? 0)} MiB, server ${Math.round(memory.server.at(-1) ?? 0)} MiB`,
      );
  }
})();

let failed = false;
try {
  while (published < messages) {
    const overdue = performance.now() - began > SECONDS_ALLOWED * 1_000;
    if (overdue)
      throw new Error(`expected to be through in ${SECONDS_ALLOWED} s`);
    if (waiting > BACKLOG) {
      await delay(50);
      continue;
    }
    const from = published;
    const count = Math.min(IN_FLIGHT, messages - published);
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        topic.publishMessage({
          data: Buffer.from(`{"number":${from + index}}`),
          attributes: {
            id: `soak-${from + index}`,
            transactional:
              (from + index) % TRANSACTIONAL_EVERY === 0 ? 'yes' : 'no',
          },
        }),
      ),
    );
    published += count;
    waiting += count;
  }
  await until(
    'the last message to be handled',
    300,
    async () => (await backlog()) === 0,
  );
  const seconds = (performance.now() - began) / 1_000;
  done = true;
  await sampling;
  console.log(
    `${messages} messages in ${Math.round(seconds)} s, ${Math.round(messages / seconds)}/s`,
  );
  const recorded = await countRows('inbox');
  const expected = Math.ceil(messages / TRANSACTIONAL_EVERY);
  const lost = expected - recorded;
  const buried = await countRows('dead_letter');
  failed ||= lost !== 0 || buried !== 0;
  console.log(
    `${lost === 0 ? 'kept  ' : 'BROKEN'}  ${recorded} of ${expected} messages of the transactional worker are in the inbox`,
  );
  console.log(
    `${buried === 0 ? 'kept  ' : 'BROKEN'}  there is no dead letter: ${buried}`,
  );
  if (host.starts > 1 || server.starts > 1) {
    failed = true;
    console.log('BROKEN  a process ended under load');
  }
  for (const [name, samples] of Object.entries(memory)) {
    const { quarters, growth } = growthOf(samples);
    const flat = growth <= GROWTH_ALLOWED;
    failed ||= !flat;
    console.log(
      `${flat ? 'flat  ' : 'BROKEN'}  ${name}: ${quarters.map((quarter) => Math.round(quarter)).join(', ')} MiB ` +
        `in the four quarters; the last is ${growth.toFixed(2)} of the second (at most ${GROWTH_ALLOWED})`,
    );
  }
} finally {
  done = true;
  await sampling;
  if (failed) process.exitCode = 1;
  await pubsub.close();
  await host.stop();
  await server.stop();
}
