import pg from 'pg';
import { DataSource } from 'typeorm';

import * as entities from './entity/index.ts';
import { migrations } from './migration/index.ts';
import { SnakeCaseNamingStrategy } from './naming-strategy.ts';

export interface DataSourceOptions {
  /** A Postgres URL. */
  readonly url: string;
  /** Connections held at once. @default 20 */
  readonly poolSize?: number;
  /** Shown in `pg_stat_activity`. @default 'nightshift' */
  readonly applicationName?: string;
}

/**
 * A connection that Postgres ends the moment it stands, as when it is restarted, says so before anybody who
 * asked for it can listen: an error event that nobody hears would end the process. The pool replaces it, and
 * its next statement fails.
 */
class EnduringClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * Milliseconds that a connection nobody uses is kept. One that is opened anew plans every statement anew, for several
 * times what it then takes to run.
 */
const idleTimeoutMillis = 60_000;

/** Describes the database; connects only on `initialize()`. The schema comes from migrations alone. */
export const createDataSource = (options: DataSourceOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url: options.url,
    poolSize: options.poolSize ?? 20,
    applicationName: options.applicationName ?? 'nightshift',
    extra: { Client: EnduringClient, idleTimeoutMillis },
    entities: Object.values(entities),
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeCaseNamingStrategy(),
    synchronize: false,
    logging: false,
  });
