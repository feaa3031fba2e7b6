import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** The part of a `pg` client that TypeORM does not offer. */
interface Connection {
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

/** Postgres refuses a statement because another one of its transaction has failed. */
export const isAbortedTransaction = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === '25P02';

/** The one transaction of a transactional handler, on a connection that can be cut at any time. */
export class HandlerTransaction {
  readonly #runner: QueryRunner;
  readonly #connection: Connection;
  #ended = false;

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

  /**
   * @throws TransactionFailedError if a statement failed, whatever the handler made of it; whatever
   * the driver says if the effects are not known to be committed.
   */
  async commit(): Promise<void> {
    try {
      // A bare COMMIT of a failed transaction rolls back without an error; a statement before it fails.
      await this.#runner.query('select; commit');
    } catch (error) {
      if (!isAbortedTransaction(error)) {
        this.destroy();
        throw error;
      }
      await this.rollback();
      throw new TransactionFailedError();
    }
    await this.#release();
  }

  /** Gives every effect up; never throws, because a cut connection rolls back as well. */
  async rollback(): Promise<void> {
    try {
      await this.#runner.rollbackTransaction();
      await this.#release();
    } catch {
      this.destroy();
    }
  }

  /**
   * Cuts the connection: Postgres rolls back, whatever the handler still does fails, and the pool
   * replaces the connection. Nothing once it has ended: the connection is somebody else's then.
   */
  destroy(): void {
    if (!this.#ended) this.#connection.connection.stream.destroy();
  }

  async #release(): Promise<void> {
    this.#ended = true;
    await this.#runner.release();
  }
}
