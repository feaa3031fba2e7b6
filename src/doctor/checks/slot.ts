import { readRecoveryState } from '../../cdc/recovery/state.ts';
import { readSlot, type SlotState } from '../../cdc/slot.ts';
import type { Check, Finding } from '../check.ts';
import { roughSize } from '../text.ts';

/** A streamer that keeps up is far below; a full disk is not far above. */
const lagWarningBytes = 256 * 1024 * 1024;

const mismatch = (state: SlotState): Finding | undefined => {
  const expected =
    state.plugin !== 'pgoutput'
      ? `is of ${state.plugin ?? 'physical replication'}, not of pgoutput`
      : state.database !== state.currentDatabase
        ? `reads database ${state.database}, not ${state.currentDatabase}`
        : undefined;
  return expected === undefined
    ? undefined
    : {
        level: 'broken',
        message: `Replication slot ${state.slot} ${expected}, so no change of this database leaves it.`,
        remedy: `if nothing uses it: nightshift sql "select pg_drop_replication_slot('${state.slot}')", then nightshift migrate`,
      };
};

const lost = ({ slot, invalidationReason }: SlotState): Finding => ({
  level: 'broken',
  message:
    `Replication slot ${slot} is lost (${invalidationReason ?? 'wal_status = lost'}): Postgres has removed WAL ` +
    'that nobody had read, so changes are missing on their topics. Events are still in the outbox.',
  remedy:
    'raise max_slot_wal_keep_size, stop whoever streams, then: nightshift cdc recover',
});

const findingsOf = (state: SlotState): Finding[] => {
  const { slot, active, walStatus, lagBytes } = state;
  const other = mismatch(state);
  if (other) return [other];
  if (walStatus === 'lost' || state.invalidationReason) return [lost(state)];
  const findings: Finding[] = [];
  if (!active)
    findings.push({
      level: 'broken',
      message: `Nobody reads replication slot ${slot}: changes and events wait, and WAL grows (${roughSize(lagBytes)} so far).`,
      remedy:
        'start the streamer (locally: npx pnpm dev:background) or Debezium Server',
    });
  if (walStatus === 'unreserved')
    findings.push({
      level: 'broken',
      message: `Replication slot ${slot} is about to be lost: its WAL is over max_slot_wal_keep_size.`,
      remedy:
        'raise max_slot_wal_keep_size, reload Postgres, and let the streamer catch up',
    });
  else if (active && lagBytes > lagWarningBytes)
    findings.push({
      level: 'warning',
      message: `Replication slot ${slot} is ${roughSize(lagBytes)} of WAL behind.`,
      remedy:
        'look for refused publishes in the log of the process that streams',
    });
  if (findings.length > 0) return findings;
  return [
    {
      level: 'ok',
      message: `Replication slot ${slot} is read, ${roughSize(lagBytes)} of WAL behind.`,
    },
  ];
};

/** The replication slot exists, is ours, is read, and keeps up. */
export const slotCheck: Check = {
  name: 'slot',
  needs: ['database'],
  run: async ({ query, slot }) => {
    const state = await readSlot(query, slot);
    const { healthyAt, unfinished } = await readRecoveryState(query, slot);
    if (unfinished)
      return [
        {
          level: 'broken',
          message: `The recovery of replication slot ${slot} is not finished, so nobody streams.`,
          remedy: 'if it does not run any more: nightshift cdc recover',
        },
      ];
    if (state) return findingsOf(state);
    if (healthyAt !== undefined)
      return [
        {
          level: 'broken',
          message:
            `Replication slot ${slot} is gone, which captured the changes of this database until ` +
            `${healthyAt.toISOString()} or later: no change leaves the database.`,
          remedy: 'nightshift cdc recover',
        },
      ];
    return [
      {
        level: 'broken',
        message: `Replication slot ${slot} is missing, so no change leaves the database.`,
        remedy: 'nightshift migrate',
      },
    ];
  },
};
