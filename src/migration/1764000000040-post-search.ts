import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PostSearch1764000000040 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `create table post_search (
        post_id uuid primary key references post (id) on delete cascade,
        document tsvector not null
      )`,
    );
    await queryRunner.query(
      'create index post_search_document on post_search using gin (document)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table post_search');
  }
}
