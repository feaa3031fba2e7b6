import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureDistribution } from '../../debezium/distribution.ts';
import { findJava } from '../../debezium/java.ts';
import { startDebezium } from '../../debezium/process.ts';
import { untilStreaming } from '../../debezium/readiness.ts';
import { environmentOf } from '../../debezium/settings.ts';
import { freePort } from '../../src/local/ports.ts';
import type { Finding } from './finding.ts';
import { projectId, type World } from './world.ts';

const properties = fileURLToPath(
  new URL('../../debezium/application.properties', import.meta.url),
);

/** How whoever streams is ended before the other takes over. */
const endings = ['SIGTERM', 'SIGKILL'] as const;

/** From the streamer to Debezium Server and back, on the same slot, under load. */
export const takeOverAndBack = async (world: World): Promise<Finding[]> => {
  const { ledger, load } = world;
  const distribution = await ensureDistribution();
  const java = await findJava();
  const counts = { streamer: 0, debezium: 0 };
  const findings: Finding[] = [];
  let codes = 0;
  load.start();
  let streamer = world.cdc();
  for (const ending of endings) {
    let before = ledger.received;
    await world.untilReceived(200);
    counts.streamer += ledger.received - before;
    streamer.child.kill(ending);
    await streamer.ended;
    const handed = await world.cdc('take-over', '--by', 'debezium').ended;
    codes += Number(handed);
    before = ledger.received;
    const debezium = await startDebezium({
      distribution,
      java,
      properties,
      environment: environmentOf({
        databaseUrl: world.databaseUrl,
        pubsubAddress: world.front,
        projectId,
        port: await freePort(0),
      }),
      log: join(world.directory, `debezium-${ending}.log`),
    });
    try {
      await untilStreaming(world.databaseUrl, debezium);
      await world.untilReceived(500, 120);
      // The one that is to take over waits until the other lets go.
      streamer = world.cdc('take-over');
      if (ending === 'SIGKILL') process.kill(debezium.pid, 'SIGKILL');
    } finally {
      await debezium.stop();
    }
    counts.debezium += ledger.received - before;
  }
  await world.untilReceived(200);
  await load.stop();
  await world.untilComplete();
  streamer.child.kill('SIGTERM');
  const code = await streamer.ended;
  findings.push(
    {
      promise: `from the streamer to Debezium Server ${distribution.version} and back, twice, under load: nothing is lost`,
      kept:
        ledger.missing === 0 &&
        ledger.invented() === 0 &&
        codes === 0 &&
        code === 0,
      seen: `${ledger.committed} committed, ${ledger.missing} missing, ${ledger.doubled} came again; about ${counts.debezium} came from Debezium`,
    },
    {
      promise:
        'whoever streams: each key in order, what comes again under the same id',
      kept: ledger.violations.length === 0,
      seen: ledger.violations.slice(0, 3).join('; ') || 'no violation',
    },
  );
  return findings;
};
