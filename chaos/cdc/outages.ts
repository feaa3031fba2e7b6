import { setTimeout as delay } from 'node:timers/promises';

import { until } from '../until.ts';
import type { Finding } from './finding.ts';
import type { World } from './world.ts';

const finding = (
  world: World,
  promise: string,
  seen: string,
  kept = true,
): Finding => ({
  promise,
  kept:
    kept &&
    world.ledger.missing === 0 &&
    world.ledger.invented() === 0 &&
    world.ledger.violations.length === 0,
  seen: `${seen}; ${world.ledger.missing} of ${world.ledger.committed} missing, ${world.ledger.doubled} came again`,
});

/** Restarts of the process until now must not have been needed: it goes on by itself. */
const settle = async (world: World): Promise<void> => {
  await world.untilReceived(20);
  await world.load.stop();
  await world.untilComplete();
};

/**
 * The broker stands still for longer than every timeout: that of a call, and Postgres's patience with a receiver
 * that confirms nothing.
 */
export const silentBroker = async (
  world: World,
  seconds: number,
): Promise<Finding> => {
  const streamer = world.cdc();
  world.load.start();
  await world.untilReceived(50);
  world.broker.kill('SIGSTOP');
  await delay(seconds * 1_000);
  const [slot] = await world.query<{ active: boolean }>(
    `select active from pg_replication_slots where slot_name = 'nightshift_cdc'`,
  );
  world.broker.kill('SIGCONT');
  await settle(world);
  streamer.child.kill('SIGTERM');
  const code = await streamer.ended;
  return finding(
    world,
    `the broker is silent for ${seconds} s: received and not acknowledged changes keep their connection, and nothing is lost`,
    `the slot was ${slot?.active ? 'held all the time' : 'let go'}, exit code ${code}`,
    slot?.active === true && code === 0,
  );
};

/** Postgres is stopped and started again under the streamer. */
export const restartedPostgres = async (world: World): Promise<Finding> => {
  const streamer = world.cdc();
  world.load.start();
  for (let restart = 0; restart < 3; restart += 1) {
    await world.untilReceived(50);
    await world.restartPostgres();
  }
  await settle(world);
  streamer.child.kill('SIGTERM');
  const code = await streamer.ended;
  return finding(
    world,
    'Postgres is restarted three times: the same streamer goes on',
    `exit code ${code}`,
    code === 0,
  );
};

/** Other tables are written to, and nothing that is captured changes: the log must not pile up. */
export const idleTables = async (world: World): Promise<Finding> => {
  const streamer = world.cdc();
  await until('the streamer to read the slot', 60, async () => {
    const [slot] = await world.query<{ active: boolean }>(
      `select active from pg_replication_slots where slot_name = 'nightshift_cdc'`,
    );
    return slot?.active ?? false;
  });
  await world.query('create table if not exists unrelated (text text)');
  let most = 0;
  let written = 0;
  for (let round = 0; round < 10; round += 1) {
    await world.query(
      `insert into unrelated select repeat('x', 1000) from generate_series(1, 20000)`,
    );
    await world.query('checkpoint');
    written += 20;
    await delay(500);
    const [kept] = await world.query<{ megabytes: number }>(
      `select ((pg_current_wal_lsn() - restart_lsn) / 1e6)::float8 as megabytes
       from pg_replication_slots where slot_name = 'nightshift_cdc'`,
    );
    most = Math.max(most, kept?.megabytes ?? 0);
  }
  let behind = Infinity;
  await until('the slot to let go of the log', 60, async () => {
    await world
      .query('select pg_log_standby_snapshot()')
      .catch(() => undefined);
    const [slot] = await world.query<{ megabytes: number }>(
      `select (greatest(pg_current_wal_lsn() - restart_lsn, pg_current_wal_lsn() - confirmed_flush_lsn) / 1e6)::float8 as megabytes
       from pg_replication_slots where slot_name = 'nightshift_cdc'`,
    );
    behind = slot?.megabytes ?? Infinity;
    return behind < 1;
  }).catch(() => undefined);
  streamer.child.kill('SIGTERM');
  await streamer.ended;
  return {
    promise:
      'while nothing that is captured changes, the slot keeps a bounded part of the log',
    kept: behind < 1,
    seen: `${written} MB written elsewhere, ${most.toFixed(1)} MB of log kept at most, ${behind.toFixed(2)} MB in the end`,
  };
};

/** Postgres throws away log that the slot still needs; last, because the world is not whole after it. */
export const lostSlot = async (world: World): Promise<Finding> => {
  await world.query(`alter system set max_slot_wal_keep_size = '1MB'`);
  await world.query('select pg_reload_conf()');
  await world.query('create table if not exists unrelated (text text)');
  await until('the slot to be lost', 60, async () => {
    await world.query(
      `insert into unrelated select repeat('x', 1000) from generate_series(1, 20000)`,
    );
    await world.query('select pg_switch_wal()');
    await world.query('checkpoint');
    const [slot] = await world.query<{ status: string }>(
      `select wal_status as status from pg_replication_slots where slot_name = 'nightshift_cdc'`,
    );
    return slot?.status === 'lost';
  });
  const started = await world.cdc().ended;
  const looked = await world.cdc('status').ended;
  const handed = await world.cdc('take-over', '--by', 'debezium').ended;
  const [after] = await world.query<{ status: string }>(
    `select wal_status as status from pg_replication_slots where slot_name = 'nightshift_cdc'`,
  );
  await world.query('alter system reset max_slot_wal_keep_size');
  await world.query('select pg_reload_conf()');
  const recovered = await world.cdc('recover').ended;
  const streamer = world.cdc();
  await world.query(`update "user" set reputation = reputation + 1`);
  const people = await world.query<{ id: string; reputation: number }>(
    'select id, reputation from "user"',
  );
  for (const { id, reputation } of people) world.ledger.commit(id, reputation);
  await world.untilComplete(60);
  streamer.child.kill('SIGTERM');
  await streamer.ended;
  return {
    promise:
      'a lost slot is refused loudly by all, never made anew in silence, and recovered by its command',
    kept:
      started === 1 &&
      looked === 1 &&
      handed === 1 &&
      after?.status === 'lost' &&
      recovered === 0,
    seen: `cdc exits with ${started}, status with ${looked}, take-over with ${handed}; the slot stayed ${after?.status}; recover exits with ${recovered}, then changes flow`,
  };
};
