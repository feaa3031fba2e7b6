/** Nothing can be captured until an operator acts. Shown by `nightshift cdc status` and readiness. */
export abstract class CaptureError extends Error {}

/** There is no replication slot: nobody keeps the changes. `nightshift migrate` makes it. */
export class SlotMissingError extends CaptureError {
  override readonly name = 'SlotMissingError';

  constructor(readonly slot: string) {
    super(
      `expected a replication slot ${slot}, but there is none; changes since it was there are not kept. ` +
        'On a new database run: nightshift migrate. On one that had it: nightshift cdc recover',
    );
  }
}

/**
 * Postgres has thrown away log that the slot still needed (`max_slot_wal_keep_size`, or the slot
 * was invalidated). Changes are missing, so it is not made anew in silence.
 */
export class SlotLostError extends CaptureError {
  override readonly name = 'SlotLostError';

  constructor(
    readonly slot: string,
    readonly reason: string,
  ) {
    super(
      `expected replication slot ${slot} to hold every change since it was read last, but Postgres has ` +
        `invalidated it (${reason}). Make a new one and publish again what was missed: nightshift cdc recover`,
    );
  }
}

/** A lost slot is being recovered: who streamed now would pass over what is not yet published again. */
export class RecoveryUnfinishedError extends CaptureError {
  override readonly name = 'RecoveryUnfinishedError';

  constructor(readonly slot: string) {
    super(
      `expected the recovery of replication slot ${slot} to be finished, but it is not: it runs, or was ` +
        'stopped. If it does not run, run it again: nightshift cdc recover',
    );
  }
}

/** A database that had the slot has it no more; a new one would hide that events are missing. */
export class SlotGoneError extends CaptureError {
  override readonly name = 'SlotGoneError';

  constructor(readonly slot: string) {
    super(
      `expected replication slot ${slot} to be there, because changes of this database were captured by it ` +
        'before, but it is gone. Make a new one and publish again what was missed: nightshift cdc recover',
    );
  }
}

/** A slot of that name exists, but is not ours to read. */
export class SlotMismatchError extends CaptureError {
  override readonly name = 'SlotMismatchError';

  constructor(
    readonly slot: string,
    readonly expected: string,
    readonly given: string,
  ) {
    super(
      `expected replication slot ${slot} to be ${expected}, got: ${given}. Drop it, or use another name.`,
    );
  }
}

/** There is no publication: the database is not migrated. */
export class PublicationMissingError extends CaptureError {
  override readonly name = 'PublicationMissingError';

  constructor(readonly publication: string) {
    super(
      `expected a publication ${publication}, but there is none; run: nightshift migrate`,
    );
  }
}

/** A table is declared, but its changes are not published. */
export class TableNotPublishedError extends CaptureError {
  override readonly name = 'TableNotPublishedError';

  constructor(
    readonly publication: string,
    readonly table: string,
  ) {
    super(
      `expected publication ${publication} to contain table ${table}, but it does not; add it in a migration: ` +
        `alter publication "${publication}" add table "${table}"`,
    );
  }
}

/** The server keeps too little in its log. */
export class WalLevelError extends CaptureError {
  override readonly name = 'WalLevelError';

  constructor(readonly given: string) {
    super(
      `expected the server to run with wal_level=logical, got: ${given}. Set it and restart the server.`,
    );
  }
}

/** A captured column has a type whose envelope is not known to equal Debezium's. */
export class UnsupportedTypeError extends CaptureError {
  override readonly name = 'UnsupportedTypeError';

  constructor(
    readonly table: string,
    readonly column: string,
    readonly type: string,
  ) {
    super(
      `expected every captured column to have a supported type, but ${table}.${column} is ${type}; ` +
        'give it another type, or leave it out of the publication with a column list',
    );
  }
}

/** One value that the type's rules cannot express, such as a numeric NaN. The row is a dead letter. */
export class UndecodableValueError extends Error {
  override readonly name = 'UndecodableValueError';

  constructor(
    readonly type: string,
    readonly reason: string,
  ) {
    super(`expected a value of ${type} that an envelope can hold: ${reason}`);
  }
}
