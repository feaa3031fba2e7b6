import type { Logger } from '../logger.ts';

/** A class and not closures, because one is made for every message. */
class ChildOnUse implements ProxyHandler<Logger> {
  readonly #fields: () => Record<string, string | undefined>;
  #child: Logger | undefined;

  constructor(fields: () => Record<string, string | undefined>) {
    this.#fields = fields;
  }

  get(logger: Logger, property: string | symbol): unknown {
    const child = this.#childOf(logger);
    const value: unknown = Reflect.get(child, property, child);
    // Bound, because pino's methods work on their own object and not on a proxy.
    return typeof value === 'function' ? (value.bind(child) as unknown) : value;
  }

  set(logger: Logger, property: string | symbol, value: unknown): boolean {
    const child = this.#childOf(logger);
    return Reflect.set(child, property, value, child);
  }

  #childOf(logger: Logger): Logger {
    return (this.#child ??= logger.child(this.#fields()));
  }
}

/**
 * A child logger that is made only when the handler logs: making one costs more than all stages
 * of an empty handler together, and most handlers that succeed say nothing.
 */
export const lazyLogger = (
  logger: Logger,
  fields: () => Record<string, string | undefined>,
): Logger => new Proxy(logger, new ChildOnUse(fields));
