import { parseArgs } from 'node:util';

import { median, percentile, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { type Measured, measure, type Run } from './measure.ts';
import {
  buildPstest,
  type Contender,
  contenders,
  removePstest,
} from './servers.ts';
import type { Phase } from './task.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node --import tsx bench/pubsub/index.ts [options]

Compares the local Pub/Sub server, in memory and with a data directory, with Google's in-memory
server for Go tests (pstest, built with the Go at hand), under the unmodified Node client at its best
settings. Loopback only; every server and client in a process of its own; rounds take turns.

  --messages N   messages of 200 bytes in the runs with one subscription   (100000)
  --rounds N     runs of each; the median counts                           (3)
  --quick        one round of 20000 messages

Writes bench/results/pubsub.json.
`;

const SUBSCRIPTIONS = 200;

const WARM_UP = 20_000;

/**
 * pstest hands out one message for each stream and tick of 10 ms, by its source: its drain is measured
 * over so many messages, or it would take a quarter of an hour. What it publishes is as much as others.
 */
const PSTEST_DRAIN = 500;

/** Rounds of many streams, of which pstest serves each one message a tick. */
const PSTEST_FANNED_OUT = 200;

/** Each goes to every one of the many subscriptions. */
const FANNED_OUT = 2_000;
const IDLE_MILLISECONDS = 5_000;
const LATENCY_MESSAGES = 300;

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

const microseconds = (seconds: number, { messages }: Measured): number =>
  (seconds / messages) * 1e6;

/** The median over the runs; NaN, printed as such, where a phase was not measured. */
const over = (
  runs: readonly Run[],
  phase: Phase,
  figure: (measured: Measured) => number,
): number =>
  rounded(
    median(
      runs.map((run) => {
        const measured = run[phase];
        return measured ? figure(measured) : NaN;
      }),
    ),
  );

const resultOf = (runs: readonly Run[]) => ({
  publishPerSecond: over(runs, 'publish', (m) => m.messages / m.seconds),
  publishServerCpu: over(runs, 'publish', (m) =>
    microseconds(m.serverCpuSeconds, m),
  ),
  publishClientCpu: over(runs, 'publish', (m) =>
    microseconds(m.clientCpuSeconds, m),
  ),
  drainPerSecond: over(runs, 'drain', (m) => m.messages / m.seconds),
  drainServerCpu: over(runs, 'drain', (m) =>
    microseconds(m.serverCpuSeconds, m),
  ),
  drainClientCpu: over(runs, 'drain', (m) =>
    microseconds(m.clientCpuSeconds, m),
  ),
  latencyP50: over(runs, 'latency', (m) => percentile(m.latencies, 0.5)),
  latencyP99: over(runs, 'latency', (m) => percentile(m.latencies, 0.99)),
  bytesHeldAMessage: rounded(
    median(
      runs.map(({ publish, held }) =>
        publish && held
          ? (held.residentBytes[1] - publish.residentBytes[0]) /
            publish.messages
          : NaN,
      ),
    ),
  ),
  idleCpuPercent: over(
    runs,
    'idle',
    (m) => (m.serverCpuSeconds / m.seconds) * 100,
  ),
});

type Scenario = Parameters<typeof measure>[1];

const scaled = (task: Scenario, contender: Contender): Scenario => {
  if (contender !== 'pstest') return task;
  return task.subscriptions === 1
    ? { ...task, drained: PSTEST_DRAIN }
    : {
        ...task,
        warmUp: PSTEST_DRAIN,
        messages: Math.min(task.messages, PSTEST_FANNED_OUT),
      };
};

type Result = ReturnType<typeof resultOf>;

/** Without what was not measured. */
const shown = (results: Partial<Record<Contender, Result>>) =>
  Object.fromEntries(
    Object.entries(results).map(([contender, result]) => [
      contender,
      Object.fromEntries(
        Object.entries(result).filter(([, value]) => !Number.isNaN(value)),
      ),
    ]),
  );

const verdict = (
  name: string,
  value: number,
  aim: string,
  met: boolean,
): string =>
  `${met ? 'met   ' : 'MISSED'}  ${name}: ${rounded(value)} (aim: ${aim})`;

const cpuShare = (result: Result): number =>
  (result.publishServerCpu + result.drainServerCpu) /
  (result.publishClientCpu + result.drainClientCpu);

const verdicts = (
  one: Partial<Record<Contender, Result>>,
  many: Partial<Record<Contender, Result>>,
): string[] => {
  const { memory, durable } = one;
  if (!memory || !durable || !many.memory)
    throw new Error('expected our server to be measured in every scenario');
  const cpu = cpuShare(memory);
  const cost = 1 - durable.publishPerSecond / memory.publishPerSecond;
  const idle = many.memory.idleCpuPercent;
  const held = memory.bytesHeldAMessage;
  return [
    verdict('server CPU : client CPU a message', cpu, 'below 1/3', cpu < 1 / 3),
    `        the same with a data directory: ${rounded(cpuShare(durable))}`,
    verdict(
      'durability costs of publishing, 1,000 a batch',
      cost,
      'below 0.3',
      cost < 0.3,
    ),
    verdict(
      `idle CPU with ${SUBSCRIPTIONS} open streams, %`,
      idle,
      'below 2',
      idle < 2,
    ),
    verdict(
      'bytes held for a message of 200 bytes',
      held,
      'below 1024',
      held < 1_024,
    ),
  ];
};

const run = async (): Promise<void> => {
  const rounds = values.quick ? 1 : Number(values.rounds);
  const messages = values.quick ? 20_000 : Number(values.messages);
  const missing = await buildPstest();
  if (missing !== undefined) say(`pstest is left out: ${missing}`);
  const taking = contenders.filter(
    (contender) => contender !== 'pstest' || missing === undefined,
  );
  const compare = async (
    name: string,
    task: Scenario,
  ): Promise<Partial<Record<Contender, Result>>> => {
    const runs = new Map<Contender, Run[]>();
    for (let round = 1; round <= rounds; round += 1)
      for (const contender of taking) {
        const measured = await measure(contender, scaled(task, contender), 120);
        runs.set(contender, [...(runs.get(contender) ?? []), measured]);
        const { publishPerSecond, drainPerSecond } = resultOf([measured]);
        say(
          `${name} ${round}/${rounds} ${contender}: ${publishPerSecond}/s published, ${drainPerSecond}/s received`,
        );
      }
    return Object.fromEntries(
      [...runs].map(([contender, all]) => [contender, resultOf(all)]),
    );
  };
  try {
    const one = await compare('1 subscription', {
      warmUp: WARM_UP,
      messages,
      subscriptions: 1,
      latencyMessages: LATENCY_MESSAGES,
      idleMilliseconds: 0,
    });
    const many = await compare(`${SUBSCRIPTIONS} subscriptions`, {
      warmUp: WARM_UP,
      messages: values.quick ? 200 : FANNED_OUT,
      subscriptions: SUBSCRIPTIONS,
      latencyMessages: 0,
      idleMilliseconds: IDLE_MILLISECONDS,
    });
    const lines = verdicts(one, many);
    const { memory, pstest } = one;
    const ratios = memory &&
      pstest && {
        publishToPstest: rounded(
          memory.publishPerSecond / pstest.publishPerSecond,
        ),
        drainToPstest: rounded(memory.drainPerSecond / pstest.drainPerSecond),
      };
    if (!values.quick)
      await keep(
        'pubsub',
        recorded('npx pnpm bench:pubsub', {
          messages,
          pstestDrained: PSTEST_DRAIN,
          pstestFannedOut: PSTEST_FANNED_OUT,
          rounds,
          units:
            'messages a second; microseconds of CPU a message; milliseconds; bytes; percent of one processor',
          ratios,
          verdicts: lines,
          oneSubscription: one,
          manySubscriptions: many,
        }),
      );
    console.log(lines.join('\n'));
    if (ratios)
      console.log(
        `        publish : pstest = ${ratios.publishToPstest}\n        receive : pstest = ${ratios.drainToPstest} (pstest waits 10 ms a message and stream)`,
      );
    console.log('\n1 subscription');
    console.table(shown(one));
    console.log(`${SUBSCRIPTIONS} subscriptions`);
    console.table(shown(many));
  } finally {
    await removePstest();
  }
};

if (values.help) console.log(USAGE);
else await run();
