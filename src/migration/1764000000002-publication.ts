import type { MigrationInterface, QueryRunner } from 'typeorm';

import {
  createPublicationSql,
  dropPublicationSql,
} from '../cdc/publication.ts';

/** The captured tables as of this migration; a table that is captured later comes with its own. */
const captured = [
  { table: 'user', topic: 'api.changes' },
  { table: 'post', topic: 'api.changes' },
  { table: 'comment', topic: 'api.changes' },
  { table: 'post_vote', topic: 'api.changes' },
  { table: 'comment_vote', topic: 'api.changes' },
  { table: 'user_notification', topic: 'api.v1.cdc-notifications' },
];

const insufficientPrivilege = '42501';

/** The role may not create publications; grant what the message says, then migrate again. */
export class PublicationRefusedError extends Error {
  override readonly name = 'PublicationRefusedError';

  constructor(
    readonly role: string,
    readonly database: string,
    cause: Error,
  ) {
    super(
      `expected a role that may create publications and owns the captured tables, got: ${role} ` +
        `(Postgres says: ${cause.message}); without a publication no change is ever published. ` +
        `Run as an administrator: grant create on database "${database}" to "${role}", ` +
        'or migrate as the owner of the database',
      { cause },
    );
  }
}

export class Publication1764000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const [server] = (await queryRunner.query(
      `select current_setting('server_version_num')::int as version, current_user as role, current_database() as database`,
    )) as [{ version: number; role: string; database: string }];
    const statements = createPublicationSql(captured, {
      serverVersion: server.version,
    });
    for (const statement of statements)
      await queryRunner.query(statement).catch((error: unknown) => {
        const { code } = error as { code?: string };
        if (code !== insufficientPrivilege || !(error instanceof Error))
          throw error;
        throw new PublicationRefusedError(server.role, server.database, error);
      });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(dropPublicationSql());
  }
}
