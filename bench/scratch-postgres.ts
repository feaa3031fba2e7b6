import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../src/local/ports.ts';
import { type PostgresServer, startPostgres } from '../src/local/postgres.ts';
import { migrate } from '../src/schema/migrate.ts';

export interface ScratchPostgresOptions {
  /** `name=value` of the server's settings. */
  readonly settings?: readonly string[];
  /** Whether there is a replication slot, which keeps every change until somebody reads it. @default false */
  readonly slot?: boolean;
}

/** A Postgres of its own with a migrated database, gone with its files when it is disposed of. */
export class ScratchPostgres implements AsyncDisposable {
  readonly #server: PostgresServer;

  private constructor(
    server: PostgresServer,
    /** For whatever else is kept as long. */
    readonly directory: string,
    readonly url: string,
  ) {
    this.#server = server;
  }

  /** @param name of what it is for, in the name of the directory */
  static async start(
    name: string,
    { settings = [], slot = false }: ScratchPostgresOptions = {},
  ): Promise<ScratchPostgres> {
    const directory = await mkdtemp(join(tmpdir(), `nightshift-${name}-`));
    // Postgres may run as another account.
    await chmod(directory, 0o755);
    const server = await startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      settings,
    });
    const url = `postgres://postgres@127.0.0.1:${server.port}/nightshift`;
    const scratch = new ScratchPostgres(server, directory, url);
    try {
      await migrate({
        url,
        createDatabase: true,
        ...(!slot && { slot: false }),
      });
      return scratch;
    } catch (error) {
      await scratch[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
