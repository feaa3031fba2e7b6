import { setTimeout as delay } from 'node:timers/promises';

import { parseLsn } from '../../src/cdc/protocol/lsn.ts';
import type { Finding } from './finding.ts';
import type { World } from './world.ts';

/** A streamer that publishes is killed so many milliseconds later, at the latest. */
const longestLife = 800;

/**
 * Kills the streamer with SIGKILL under load, while acknowledgements come out of order.
 *
 * @param skips the slot is moved on once in between, as nothing of ours does: the proof has to fail then.
 */
export const killAgainAndAgain = async (
  world: World,
  kills: number,
  skips: boolean,
): Promise<Finding[]> => {
  const { ledger, load } = world;
  const before = { committed: ledger.committed, received: ledger.received };
  load.start();
  for (let kill = 1; kill <= kills; kill += 1) {
    const streamer = world.cdc();
    await world.untilReceived(20);
    await delay(Math.random() * longestLife);
    streamer.child.kill('SIGKILL');
    await streamer.ended;
    ledger.killed(await confirmed(world));
    if (skips && kill === Math.ceil(kills / 2)) await skip(world);
  }
  const streamer = world.cdc();
  await world.untilReceived(20);
  await load.stop();
  const complete = await world.untilComplete(skips ? 20 : 120).then(
    () => true,
    () => false,
  );
  streamer.child.kill('SIGTERM');
  const code = await streamer.ended;
  const received = ledger.received - before.received;
  const share = ((ledger.doubled / received) * 100).toFixed(1);
  return [
    {
      promise: `nothing is lost over ${kills} kills`,
      kept: complete && ledger.missing === 0 && ledger.invented() === 0,
      seen: `${ledger.committed} committed, ${ledger.missing} missing, ${ledger.invented()} keys with more than was committed`,
    },
    {
      promise:
        'each key comes in order; what comes again has the same id, and was not confirmed before',
      kept: ledger.violations.length === 0,
      seen:
        ledger.violations.slice(0, 3).join('; ') ||
        `no violation; ${ledger.doubled} of ${received} came again (${share} %)`,
    },
    {
      promise: 'a streamer that is asked to stop ends in order',
      kept: code === 0,
      seen: `exit code ${code}`,
    },
  ];
};

/** Up to where Postgres knows everything to be with the broker. */
const confirmed = async (world: World): Promise<bigint> => {
  const [slot] = await world.query<{ lsn: string }>(
    `select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = 'nightshift_cdc'`,
  );
  return parseLsn(slot!.lsn);
};

/** Loses what was not published yet. */
const skip = async (world: World): Promise<void> => {
  await world.query(
    `select pg_terminate_backend(active_pid) from pg_replication_slots where active`,
  );
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      await world.query(
        `select pg_replication_slot_advance('nightshift_cdc', pg_current_wal_lsn())`,
      );
      return;
    } catch {
      await delay(50);
    }
  }
};
