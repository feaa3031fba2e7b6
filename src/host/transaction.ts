import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** The parts of a `pg` client that TypeORM does not offer. */
interface Connection {
  /** 'E': a statement failed, so that COMMIT would roll back without a word. */
  getTransactionStatus(): 'I' | 'T' | 'E' | null;
  readonly connection: { readonly stream: { destroy(): void } };
}

/** A handler caught the error of a statement and went on: Postgres can only roll back. */
export class TransactionFailedError extends Error {
  override readonly name = 'TransactionFailedError';

  constructor() {
    super(
      'a statement of this transaction failed and the handler went on as if it had not, so nothing ' +
        'can be committed; let the error out, or try the statement inside manager.transaction()',
    );
  }
}

/** The one transaction of a transactional handler, on a connection that can be cut at any time. */
export class HandlerTransaction {
  readonly #runner: QueryRunner;
  readonly #connection: Connection;

  private constructor(runner: QueryRunner, connection: Connection) {
    this.#runner = runner;
    this.#connection = connection;
  }

  /** @throws whatever the driver says if there is no connection. */
  static async begin(dataSource: DataSource): Promise<HandlerTransaction> {
    const runner = dataSource.createQueryRunner();
    const connection = (await runner.connect()) as Connection;
    try {
      await runner.startTransaction();
    } catch (error) {
      await runner.release();
      throw error;
    }
    return new HandlerTransaction(runner, connection);
  }

  get manager(): EntityManager {
    return this.#runner.manager;
  }

  /** A statement failed, whatever the handler made of it. */
  get failed(): boolean {
    return this.#connection.getTransactionStatus() === 'E';
  }

  /** @throws if the effects are not known to be committed. */
  async commit(): Promise<void> {
    try {
      await this.#runner.commitTransaction();
    } catch (error) {
      this.destroy();
      throw error;
    }
    await this.#runner.release();
  }

  /** Gives every effect up; never throws, because a cut connection rolls back as well. */
  async rollback(): Promise<void> {
    try {
      await this.#runner.rollbackTransaction();
      await this.#runner.release();
    } catch {
      this.destroy();
    }
  }

  /**
   * Cuts the connection: Postgres rolls back, whatever the handler still does fails, and the pool
   * replaces the connection.
   */
  destroy(): void {
    this.#connection.connection.stream.destroy();
  }
}
