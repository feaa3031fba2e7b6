import type { DataSource } from 'typeorm';

import { requireCapturable } from '../cdc/capturable.ts';

/**
 * Makes every migration of a data source end with the proof that what is captured still can be, in
 * the transaction of the migration: one that cannot be captured leaves nothing behind.
 *
 * Its migrations then throw PrimaryKeyMissingError and UnsupportedTypeError.
 */
export const keepCapturable = ({ migrations }: DataSource): void => {
  for (const migration of migrations) {
    const up = migration.up.bind(migration);
    migration.up = async (queryRunner) => {
      await up(queryRunner);
      await requireCapturable(
        <Row extends object>(text: string, values: readonly unknown[]) =>
          queryRunner.query(text, [...values]) as Promise<Row[]>,
      );
    };
  }
};
