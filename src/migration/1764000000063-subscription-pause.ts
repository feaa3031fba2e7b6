import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Subscriptions from which no process receives, because an operator has said so. */
export class SubscriptionPause1764000000063 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `create table subscription_pause (
         subscription text primary key,
         paused_at timestamptz not null default now(),
         paused_by text not null,
         reason text not null
       )`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table subscription_pause');
  }
}
