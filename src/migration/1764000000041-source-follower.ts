import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SourceFollower1764000000041 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `create table source_follower (
        source_id uuid not null references source (id) on delete cascade,
        user_id uuid not null references "user" (id) on delete cascade,
        created_at timestamptz not null default now(),
        primary key (source_id, user_id)
      )`,
    );
    await queryRunner.query(
      'create index source_follower_user_id on source_follower (user_id)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table source_follower');
  }
}
