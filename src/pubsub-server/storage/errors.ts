/** Another server, in this process or another, uses the data directory. What to do: end it, or choose another directory. */
export class StorageInUseError extends Error {
  override readonly name = 'StorageInUseError';
  readonly directory: string;
  /** Of the process that uses it, if that could be found out. */
  readonly pid: number | undefined;

  constructor(directory: string, pid: number | undefined) {
    super(
      `expected a data directory that no other Pub/Sub server uses, got: ${directory}, used by ${pid === undefined ? 'another server' : `process ${pid}`}; end that one or choose another directory`,
    );
    this.directory = directory;
    this.pid = pid;
  }
}

/**
 * The file in the data directory is damaged, of a newer version, or not of a Pub/Sub server. It is
 * left as it is. What to do: start the version that wrote it, bring back a copy, or move the
 * directory away and start without what it holds.
 */
export class StorageRefusedError extends Error {
  override readonly name = 'StorageRefusedError';
  readonly file: string;
  /** What is wrong with it. */
  readonly reason: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(
      `refused the Pub/Sub data in ${file}: ${reason}; it is left as it is: move it away to start without the topics, subscriptions and messages it holds`,
      options,
    );
    this.file = file;
    this.reason = reason;
  }
}

/** The data directory cannot be made, opened or read: no permission, no space, a file in its place; the cause says which. */
export class StorageUnavailableError extends Error {
  override readonly name = 'StorageUnavailableError';
  readonly directory: string;
  /** What the file system or SQLite said. */
  readonly reason: string;

  constructor(directory: string, reason: string, options?: ErrorOptions) {
    super(
      `expected a data directory that can be written, got: ${directory} (${reason}); make it writable, with space left, or choose another`,
      options,
    );
    this.directory = directory;
    this.reason = reason;
  }
}

/**
 * A change could not be written: disk full, file system read-only, disk broken; the cause says
 * which. Nothing of it was acknowledged, later changes are refused, and writing is tried again until
 * it succeeds. What to do: make room, or stop the server and start it elsewhere.
 */
export class JournalWriteError extends Error {
  override readonly name = 'JournalWriteError';

  constructor(reason: string) {
    super(
      `could not write to the data directory: ${reason}; make room on its disk: until then nothing is published, acknowledged or changed`,
    );
  }
}
