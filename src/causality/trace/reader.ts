import type { EntityManager } from 'typeorm';

/** Rows of one kind that are looked at in one step. */
export const mostRows = 300;

/** Asks the database for one trace, and remembers whether there was more than was asked for. */
export class Reader {
  /** A statement found as many rows as it may. */
  truncated = false;
  readonly #manager: EntityManager;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  /** @param most the statement's own limit */
  async rows<Row>(
    statement: string,
    values: readonly unknown[],
    most = mostRows,
  ): Promise<Row[]> {
    const rows = await this.#manager.query<Row[]>(statement, [...values]);
    if (rows.length >= most) this.truncated = true;
    return rows;
  }
}
