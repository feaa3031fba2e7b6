import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { PubSub, type Topic } from '@google-cloud/pubsub';

import { keep, recorded } from '../recording.ts';
import { type Contender, contenders, projectId } from './contenders.ts';
import { publishMany, send } from './messages.ts';
import { plot } from './plot.ts';
import { measure, startServer } from './processes.ts';
import { median, percentile, rounded } from './statistics.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    'warm-up': { type: 'string', default: '30000' },
    rounds: { type: 'string', default: '3' },
    'slow-seconds': { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node --import tsx bench/host/index.ts [options]

Compares the host (validation, metrics, 1 % of traces) with a bare @google-cloud/pubsub subscriber,
at the client's defaults and at its best settings, on one local server, loopback only.

  --messages N      messages of 200 bytes a drain           (100000)
  --warm-up N       messages before them that do not count  (30000)
  --rounds N        drains of each; the median counts       (3)
  --slow-seconds N  seconds of each of 300 slow handlers    (3)

Writes bench/results/host.json and bench/results/host.svg.
`;

interface Result {
  readonly drainPerSecond: number;
  readonly drainCpuMicroseconds: number;
  readonly drainDuplicates: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
  readonly slowSeconds: number;
  readonly slowDuplicates: number;
}

const SLOW_MESSAGES = 300;
const SLOW_CONCURRENCY = 20;
const LATENCY_MESSAGES = 500;
const LATENCY_INTERVAL = 20;

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

const publishSlowly = async (topic: Topic): Promise<void> => {
  const sent: Promise<string>[] = [];
  for (let index = 0; index < LATENCY_MESSAGES; index += 1) {
    sent.push(send(topic));
    await delay(LATENCY_INTERVAL);
  }
  await Promise.all(sent);
};

const run = async (): Promise<void> => {
  const messages = Number(values.messages);
  const warmUp = Number(values['warm-up']);
  const rounds = Number(values.rounds);
  const slowMilliseconds = Number(values['slow-seconds']) * 1_000;
  const server = await startServer();
  const { address } = server;
  const client = new PubSub({
    projectId,
    apiEndpoint: address,
    emulatorMode: true,
  });

  /** A topic of its own with one subscription for each contender. */
  const lay = async (name: string): Promise<Topic> => {
    await client.createTopic(name);
    for (const contender of contenders)
      await client.createSubscription(name, `${name}-${contender}`, {
        ackDeadlineSeconds: 10,
        deadLetterPolicy: {
          deadLetterTopic: `projects/${projectId}/topics/net`,
          maxDeliveryAttempts: 20,
        },
      });
    return client.topic(name, { batching: { maxMilliseconds: 1 } });
  };

  const each = async <Value>(
    work: (contender: Contender) => Promise<Value>,
  ): Promise<Record<Contender, Value>> => {
    const results: Partial<Record<Contender, Value>> = {};
    for (const contender of contenders)
      results[contender] = await work(contender);
    return results as Record<Contender, Value>;
  };

  const task = (contender: Contender, name: string) => ({
    contender,
    address,
    subscription: `${name}-${contender}`,
    warmUp: 0,
    messages,
    handlerMilliseconds: 0,
    measureLatency: false,
  });

  try {
    await client.createTopic('net');
    const drains: Awaited<ReturnType<typeof drain>>[] = [];
    const drain = async (round: number) => {
      const name = `drain-${round}`;
      const topic = await lay(name);
      await publishMany(topic, warmUp + messages);
      return each(async (contender) => {
        const report = await measure({ ...task(contender, name), warmUp }, 180);
        say(
          `drain ${round + 1}/${rounds} ${contender}: ${Math.round(messages / report.seconds)}/s, ` +
            `${((report.cpuSeconds / messages) * 1e6).toFixed(1)} µs CPU a message, ${report.duplicates} duplicates`,
        );
        return report;
      });
    };
    for (let round = 0; round < rounds; round += 1)
      drains.push(await drain(round));

    const latencies = await each(async (contender) => {
      const name = `latency-${contender}`;
      const topic = await lay(name);
      const report = await measure(
        {
          ...task(contender, name),
          messages: LATENCY_MESSAGES,
          measureLatency: true,
        },
        60,
        () => publishSlowly(topic),
      );
      say(
        `latency ${contender}: p50 ${percentile(report.latencies, 0.5).toFixed(2)} ms, ` +
          `p99 ${percentile(report.latencies, 0.99).toFixed(2)} ms`,
      );
      return report;
    });

    const slowTopic = await lay('slow');
    await publishMany(slowTopic, SLOW_MESSAGES);
    const slow = Object.fromEntries(
      await Promise.all(
        contenders.map(async (contender) => {
          const report = await measure(
            {
              ...task(contender, 'slow'),
              messages: SLOW_MESSAGES,
              concurrency: SLOW_CONCURRENCY,
              handlerMilliseconds: slowMilliseconds,
            },
            60 +
              ((SLOW_MESSAGES * slowMilliseconds) / 1_000 / SLOW_CONCURRENCY) *
                4,
          );
          say(
            `slow ${contender}: ${report.seconds.toFixed(1)} s, ${report.duplicates} duplicates`,
          );
          return [contender, report] as const;
        }),
      ),
    );

    const results = await each(async (contender): Promise<Result> => ({
      drainPerSecond: Math.round(
        median(drains.map((all) => messages / all[contender].seconds)),
      ),
      drainCpuMicroseconds: rounded(
        median(
          drains.map((all) => (all[contender].cpuSeconds / messages) * 1e6),
        ),
      ),
      drainDuplicates: drains.reduce(
        (sum, all) => sum + all[contender].duplicates,
        0,
      ),
      latencyP50: rounded(percentile(latencies[contender].latencies, 0.5)),
      latencyP99: rounded(percentile(latencies[contender].latencies, 0.99)),
      slowSeconds: rounded(slow[contender]?.seconds ?? NaN),
      slowDuplicates: slow[contender]?.duplicates ?? NaN,
    }));
    const ratios = {
      hostToBest: rounded(
        results.host.drainPerSecond / results['client-best'].drainPerSecond,
      ),
      hostToDefault: rounded(
        results.host.drainPerSecond / results['client-default'].drainPerSecond,
      ),
    };
    const document = recorded('npx pnpm bench:host', {
      messages,
      warmUp,
      rounds,
      slow: {
        messages: SLOW_MESSAGES,
        concurrency: SLOW_CONCURRENCY,
        handlerSeconds: slowMilliseconds / 1_000,
      },
      results,
      ratios,
    });
    await keep('host', document);
    await writeFile(
      new URL('../results/host.svg', import.meta.url),
      plot(results),
    );
    console.table(results);
    console.log(
      `The host does not record deliveries here; what that costs: npx pnpm bench:causality\n` +
        `host : client at its best     = ${ratios.hostToBest} (aim: at least 0.8)\n` +
        `host : client at its defaults = ${ratios.hostToDefault} (aim: at least 3)`,
    );
  } finally {
    await client.close();
    await server.stop();
  }
};

if (values.help) console.log(USAGE);
else await run();
