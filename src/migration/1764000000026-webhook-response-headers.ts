import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WebhookResponseHeaders1764000000026 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'alter table webhook_deliveries add column response_headers jsonb',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'alter table webhook_deliveries drop column response_headers',
    );
  }
}
