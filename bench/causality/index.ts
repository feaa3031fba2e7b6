import { parseArgs } from 'node:util';

import { PubSub } from '@google-cloud/pubsub';
import pg from 'pg';

import { projectId } from '../host/contenders.ts';
import { publishMany } from '../host/messages.ts';
import { measure, startServer } from '../host/processes.ts';
import { median, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { ScratchPostgres } from '../scratch-postgres.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '80000' },
    'warm-up': { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});

// Else the client asks for Google's metadata server.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

const USAGE = `node --import tsx bench/causality/index.ts [options]

What recording deliveries costs the host: an empty handler with the recording off, as it is by default
(200 successes a second, of more a share), and with every delivery recorded; one after the other in every
round, on one local server and one Postgres, loopback only.

  --messages N  messages of 200 bytes a drain           (80000)
  --warm-up N   messages before them that do not count  (20000)
  --rounds N    drains of each; the median counts       (5)

Writes bench/results/causality.json.
`;

/** Successes of a subscription that are recorded in a second. */
const variants = { off: undefined, default: 200, everything: 1e9 } as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

interface Drain {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly recorded: number;
}

const run = async (): Promise<void> => {
  const messages = Number(values.messages);
  const warmUp = Number(values['warm-up']);
  const rounds = Number(values.rounds);
  await using postgres = await ScratchPostgres.start('bench-causality');
  const databaseUrl = postgres.url;
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  const server = await startServer();
  const client = new PubSub({
    projectId,
    apiEndpoint: server.address,
    emulatorMode: true,
  });

  const publish = (topic: string): Promise<void> =>
    publishMany(
      client.topic(topic, { batching: { maxMilliseconds: 1 } }),
      warmUp + messages,
    );

  const countOf = async (subscription: string): Promise<number> => {
    const { rows } = await sql.query<{ count: number }>(
      'select count(*)::int as count from delivery where subscription = $1',
      [subscription],
    );
    return rows[0]!.count;
  };

  const drain = async (variant: Variant, topic: string): Promise<Drain> => {
    const subscription = `${topic}-${variant}`;
    const maxRate = variants[variant];
    const report = await measure(
      {
        contender: 'host',
        address: server.address,
        subscription,
        warmUp,
        messages,
        handlerMilliseconds: 0,
        measureLatency: false,
        ...(maxRate !== undefined && { recording: { databaseUrl, maxRate } }),
      },
      180,
    );
    return {
      perSecond: messages / report.seconds,
      cpuMicroseconds: (report.cpuSeconds / messages) * 1e6,
      recorded: await countOf(subscription),
    };
  };

  try {
    const drains: Record<Variant, Drain[]> = {
      off: [],
      default: [],
      everything: [],
    };
    for (let round = 0; round < rounds; round += 1) {
      const topic = `round-${round}`;
      await client.createTopic(topic);
      for (const variant of names)
        await client.createSubscription(topic, `${topic}-${variant}`, {
          ackDeadlineSeconds: 10,
        });
      await publish(topic);
      // Each is first, second and last in turn: what grows in the server is the same for all.
      for (let turn = 0; turn < names.length; turn += 1) {
        const variant = names[(round + turn) % names.length]!;
        const result = await drain(variant, topic);
        drains[variant].push(result);
        process.stderr.write(
          `round ${round + 1}/${rounds} ${variant}: ${Math.round(result.perSecond)}/s, ` +
            `${result.cpuMicroseconds.toFixed(1)} µs CPU a message, ${result.recorded} recorded\n`,
        );
      }
    }
    const { rows } = await sql.query<{ bytes: number }>(
      `select pg_total_relation_size('delivery')::float8 / greatest(1, (select count(*) from delivery)) as bytes`,
    );
    const of = (variant: Variant, field: keyof Drain) =>
      median(drains[variant].map((each) => each[field]));
    const results = Object.fromEntries(
      names.map((variant) => [
        variant,
        {
          perSecond: Math.round(of(variant, 'perSecond')),
          cpuMicroseconds: rounded(of(variant, 'cpuMicroseconds')),
          recorded: of(variant, 'recorded'),
        },
      ]),
    );
    /** Of each round, so that what else the machine does counts for both. */
    const cost = (variant: Variant, field: 'perSecond' | 'cpuMicroseconds') =>
      rounded(
        median(
          drains[variant].map(
            (each, round) => each[field] / drains.off[round]![field],
          ),
        ),
      );
    const ratios = {
      defaultThroughput: cost('default', 'perSecond'),
      defaultCpu: cost('default', 'cpuMicroseconds'),
      everythingThroughput: cost('everything', 'perSecond'),
      everythingCpu: cost('everything', 'cpuMicroseconds'),
    };
    const document = recorded('npx pnpm bench:causality', {
      messages,
      warmUp,
      rounds,
      results,
      bytesARow: Math.round(rows[0]!.bytes),
      ratios,
    });
    await keep('causality', document);
    console.table(results);
    console.log(
      `throughput with recording as by default : without = ${ratios.defaultThroughput} (aim: at least 0.9), CPU ${ratios.defaultCpu}\n` +
        `throughput with everything recorded     : without = ${ratios.everythingThroughput}, CPU ${ratios.everythingCpu}\n` +
        `a row of delivery takes ${document.bytesARow} bytes with its indexes`,
    );
  } finally {
    await client.close();
    await server.stop();
    await sql.end();
  }
};

if (values.help) console.log(USAGE);
else await run();
