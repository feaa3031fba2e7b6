import pg from 'pg';

/** A statement as pg takes it. */
type Statement = string | { readonly text?: string };

interface Fault {
  /** The place of the statement that breaks, from 1, of those that count. */
  readonly at: number;
  /**
   * `before` Postgres gets the statement, or once it has done it, but before anybody hears of that. Of the latter only
   * those count that commit: of all others nothing is left either way.
   */
  readonly when: 'before' | 'after';
  /** Whether a statement counts. @default all do */
  readonly counts?: (text: string) => boolean;
}

interface Breaking extends Fault {
  seen: number;
  broken: string | undefined;
  /** Resolves once the connection knows that it is gone. */
  gone: Promise<unknown>;
}

type Query = (this: pg.Client, ...given: unknown[]) => Promise<unknown>;

const textOf = (statement: Statement): string =>
  typeof statement === 'string' ? statement : (statement.text ?? '');

/**
 * Breaks connections of this process for real, at a statement that the test chooses: another connection ends the
 * process of Postgres that serves it. Whatever the process does meanwhile counts: keep it from doing other things.
 */
export class ConnectionBreaker {
  #fault: Breaking | undefined;
  readonly #inTransaction = new WeakSet<pg.Client>();
  readonly #executioner: pg.Client;
  readonly #query: Query;

  private constructor(executioner: pg.Client) {
    this.#executioner = executioner;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its client
    this.#query = pg.Client.prototype.query;
  }

  /** From here on, statements of this process are watched. @param url of any database of the server */
  static async on(url: string): Promise<ConnectionBreaker> {
    const executioner = new pg.Client({ connectionString: url });
    await executioner.connect();
    const breaker = new ConnectionBreaker(executioner);
    const watch = breaker.#watched.bind(breaker);
    pg.Client.prototype.query = function (
      this: pg.Client,
      ...given: unknown[]
    ) {
      return watch(this, given);
    } as unknown as typeof pg.Client.prototype.query;
    return breaker;
  }

  async off(): Promise<void> {
    pg.Client.prototype.query = this
      .#query as unknown as typeof pg.Client.prototype.query;
    await this.#executioner.end();
  }

  /** @returns the statement that was broken, `undefined` if there were fewer, and what the work threw */
  async whileBreaking(
    fault: Fault,
    work: () => Promise<unknown>,
  ): Promise<{
    readonly broken: string | undefined;
    readonly error: unknown;
  }> {
    const breaking: Breaking = {
      ...fault,
      seen: 0,
      broken: undefined,
      gone: Promise.resolve(),
    };
    this.#fault = breaking;
    const error = await work().then(
      () => undefined,
      (thrown: unknown) => thrown ?? new Error('nothing'),
    );
    this.#fault = undefined;
    // Its pool replaces it from here on; before, whoever asked next might have got it.
    await breaking.gone;
    return { broken: breaking.broken, error };
  }

  #watched(client: pg.Client, given: unknown[]): Promise<unknown> {
    const send = () => this.#query.apply(client, given);
    if (client === this.#executioner) return send();
    const text = textOf(given[0] as Statement);
    const commits = this.#commits(client, text);
    const fault = this.#fault;
    if (!fault || fault.broken !== undefined) return send();
    if (fault.when === 'after' && !commits) return send();
    if (fault.counts?.(text) === false) return send();
    fault.seen += 1;
    if (fault.seen !== fault.at) return send();
    fault.broken = text;
    fault.gone = new Promise((resolve) =>
      client.once('end', () => resolve(undefined)),
    );
    return fault.when === 'before'
      ? this.#end(client).then(send)
      : send().then(async () => {
          await this.#end(client);
          await this.#query.call(client, 'select 1');
          throw new Error('expected the connection to be gone, but it lives');
        });
  }

  #commits(client: pg.Client, text: string): boolean {
    if (/^\s*start transaction/i.test(text)) this.#inTransaction.add(client);
    const ends = /^\s*(select;\s*)?commit/i.test(text);
    if (ends || /^\s*rollback\s*$/i.test(text))
      this.#inTransaction.delete(client);
    return ends || !this.#inTransaction.has(client);
  }

  async #end(client: pg.Client): Promise<void> {
    const { processID } = client as unknown as { readonly processID: number };
    await this.#query.call(
      this.#executioner,
      `select pg_terminate_backend(${processID})`,
    );
  }
}
