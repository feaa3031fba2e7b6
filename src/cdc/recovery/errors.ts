/** A recovery was asked for where there is nothing to recover, or where it cannot begin. */
export abstract class RecoveryRefusedError extends Error {}

/** The slot is whole: making another one would lose what it still holds. */
export class SlotHealthyError extends RecoveryRefusedError {
  override readonly name = 'SlotHealthyError';

  constructor(readonly slot: string) {
    super(
      `expected replication slot ${slot} to be lost or missing, but it is whole; nothing was done. ` +
        'If events are missing all the same, see: nightshift doctor',
    );
  }
}

/** Somebody reads the slot at this moment. */
export class SlotHeldError extends RecoveryRefusedError {
  override readonly name = 'SlotHeldError';

  constructor(
    readonly slot: string,
    readonly pid: number | null,
  ) {
    super(
      `expected nobody to read replication slot ${slot}, but process ${pid ?? 'unknown'} of Postgres does; ` +
        'stop the streamer or Debezium Server, then recover',
    );
  }
}

/** Another process recovers the same slot. */
export class RecoveryRunningError extends RecoveryRefusedError {
  override readonly name = 'RecoveryRunningError';

  constructor(readonly slot: string) {
    super(
      `expected to be the only one to recover replication slot ${slot}, but another process does; wait for it to end`,
    );
  }
}

/** The recovery was stopped before everything was published. */
export class RecoveryStoppedError extends Error {
  override readonly name = 'RecoveryStoppedError';

  constructor(
    readonly slot: string,
    readonly published: number,
  ) {
    super(
      `the recovery of replication slot ${slot} was stopped after ${published} events; nobody streams until ` +
        'it is through. Run it again: nightshift cdc recover',
    );
  }
}
