import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PostView1764000000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`create table post_view (
      event_id uuid primary key,
      post_id uuid not null,
      user_id uuid,
      viewed_at timestamptz not null
    )`);
    await queryRunner.query(
      'create index post_view_post_id on post_view (post_id)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table post_view');
  }
}
