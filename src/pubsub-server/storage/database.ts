import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import {
  StorageInUseError,
  StorageRefusedError,
  StorageUnavailableError,
} from './errors.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** Name of the file in the data directory; SQLite keeps a second one beside it, `-wal`, while it is open. */
export const DATABASE_FILE = 'pubsub.sqlite';

/** Says who uses the directory, for people: what keeps others out is the lock on the database. */
const PID_FILE = 'pubsub.pid';

/** https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const primaryCode = (error: unknown): number =>
  ((error as { errcode?: number }).errcode ?? 0) & 0xff;

/** Larger than SQLite's default: a request is often hundreds of kilobytes, and each page is a write of its own. */
const PAGE_BYTES = 16_384;

/** How far the write-ahead log grows before it is moved into the file, in pages. */
const CHECKPOINT_PAGES = 1000;

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0];

const readPid = (directory: string): number | undefined => {
  try {
    return Number(readFileSync(join(directory, PID_FILE), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
};

/**
 * Makes the file for its owner alone. Never opened otherwise than by SQLite once it exists: to
 * close it would end the lock of another server in this process.
 */
const createFile = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(file, 0o600);
  }
};

const size = (file: string): number =>
  statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** @returns whether the file is new @throws StorageRefusedError */
const identify = (database: DatabaseSync, file: string): boolean => {
  const application = pragma(database, 'application_id');
  const version = Number(pragma(database, 'user_version'));
  if (application === 0 && version === 0) {
    const tables = database
      .prepare('select count(*) as count from sqlite_master')
      .get()?.count;
    if (tables === 0) return true;
  }
  if (application !== APPLICATION_ID)
    throw new StorageRefusedError(
      file,
      'expected the data of a local Pub/Sub server, got another database',
    );
  if (version !== SCHEMA_VERSION)
    throw new StorageRefusedError(
      file,
      `expected format version ${SCHEMA_VERSION}, got: ${version}`,
    );
  return false;
};

const checkSound = (database: DatabaseSync, file: string): void => {
  const verdict = pragma(database, 'quick_check(1)');
  if (verdict !== 'ok')
    throw new StorageRefusedError(
      file,
      `it is damaged or cut short (${String(verdict).split('\n')[0]})`,
    );
};

const prepareFile = (database: DatabaseSync, file: string): void => {
  // The lock, held from the first write on until the connection closes or the process ends.
  database.exec(
    'pragma busy_timeout = 0; pragma locking_mode = exclusive; begin immediate',
  );
  const isNew = identify(database, file);
  if (!isNew) checkSound(database, file);
  database.exec('rollback');
  if (isNew)
    database.exec(
      `pragma page_size = ${PAGE_BYTES}; pragma auto_vacuum = incremental`,
    );
  database.exec(
    `pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}; pragma journal_size_limit = 67108864`,
  );
  if (!isNew) return;
  database.exec(
    `begin immediate; ${SCHEMA}; pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}; commit; pragma wal_checkpoint(truncate)`,
  );
};

/** An open data directory that no other server can open. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  close(): void;
}

/**
 * Opens the database of a data directory, which is made if it is missing, for this process alone.
 * `node:sqlite` is a release candidate in Node 24 (stability 1.2), whose SQLite is built in.
 *
 * A log (`-wal`) that ends in a torn write is what a kill leaves, and SQLite takes what comes before: that
 * was never answered. It cannot tell this from a log that was damaged later.
 *
 * @throws StorageInUseError, StorageRefusedError, StorageUnavailableError
 */
export const openDatabase = (directory: string): OpenDatabase => {
  const file = join(directory, DATABASE_FILE);
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // SQLite would take it for new and delete the log, which may hold what is left.
    if (size(file) === 0 && size(`${file}-wal`) > 0)
      throw new StorageRefusedError(file, 'it is cut short');
    createFile(file);
    database = new DatabaseSync(file);
    prepareFile(database, file);
    writeFileSync(join(directory, PID_FILE), String(process.pid), {
      mode: 0o600,
    });
  } catch (error) {
    database?.close();
    if (error instanceof StorageRefusedError) throw error;
    switch (primaryCode(error)) {
      case SQLITE_BUSY:
        throw new StorageInUseError(directory, readPid(directory));
      case SQLITE_CORRUPT:
        throw new StorageRefusedError(file, 'it is damaged or cut short', {
          cause: error,
        });
      case SQLITE_NOTADB:
        throw new StorageRefusedError(
          file,
          'expected the data of a local Pub/Sub server, got something else',
          { cause: error },
        );
      default:
        throw new StorageUnavailableError(
          directory,
          error instanceof Error ? error.message : String(error),
          { cause: error },
        );
    }
  }
  const opened = database;
  return {
    database: opened,
    close: () => {
      rmSync(join(directory, PID_FILE), { force: true });
      opened.close();
    },
  };
};
