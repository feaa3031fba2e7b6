import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pages of the few that somebody should look at, among many that are well. */
const indexes = [
  [
    'webhook_deliveries_failed',
    `webhook_deliveries (id) where state = 'failed'`,
  ],
  [
    'webhook_deliveries_endpoint_failed',
    `webhook_deliveries (endpoint_id, id) where state = 'failed'`,
  ],
  ['export_unready', `export (state, id) where state <> 'ready'`],
  [
    'connection_failing',
    'connection (id) where disabled_at is null and consecutive_failures > 0',
  ],
  ['connection_disabled', 'connection (id) where disabled_at is not null'],
] as const;

export class IntegrationPages1764000000067 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, on] of indexes)
      await queryRunner.query(`create index ${name} on ${on}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `drop index ${indexes.map(([name]) => name).join(', ')}`,
    );
  }
}
