import type { Query } from './query.ts';

/** Oldest Postgres that works: row filters of publications came with 15. */
export const oldestPostgres = 15;

/** What of the server matters to us. */
export interface ServerSettings {
  /** Major version, such as 18. */
  readonly version: number;
  readonly walLevel: string;
}

/** The Postgres server cannot serve Nightshift as it is set up. */
export class UnsuitableServerError extends Error {
  override readonly name = 'UnsuitableServerError';

  constructor(
    readonly expected: string,
    readonly given: string,
    readonly remedy: string,
  ) {
    super(`expected ${expected}, got: ${given}; ${remedy}`);
  }
}

/** Asks the server. */
export const serverSettings = async (query: Query): Promise<ServerSettings> => {
  const [row] = await query<{ version: number; wal_level: string }>(
    `select current_setting('server_version_num')::int / 10000 as version,
            current_setting('wal_level') as wal_level`,
  );
  return { version: row?.version ?? 0, walLevel: row?.wal_level ?? '' };
};

/**
 * What is wrong with the server; empty if it will do. Logical WAL is needed only where changes are
 * captured.
 */
export const serverProblems = (
  { version, walLevel }: ServerSettings,
  { captured = true }: { readonly captured?: boolean } = {},
): UnsuitableServerError[] => [
  ...(version < oldestPostgres
    ? [
        new UnsuitableServerError(
          `Postgres ${oldestPostgres} or newer`,
          String(version),
          'upgrade the server',
        ),
      ]
    : []),
  ...(walLevel === 'logical' || !captured
    ? []
    : [
        new UnsuitableServerError(
          'wal_level = logical',
          walLevel,
          'run: alter system set wal_level = logical; and restart the server ' +
            '(managed services have a flag for it)',
        ),
      ]),
];
