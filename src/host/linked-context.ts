import type { Context } from '@opentelemetry/api';

/**
 * One value on top of another context. OpenTelemetry's own copies a map and makes three closures for
 * each value, which is dear where every message sets one or two.
 */
class LinkedContext implements Context {
  constructor(
    private readonly parent: Context,
    private readonly key: symbol,
    private readonly value: unknown,
  ) {}

  getValue(key: symbol): unknown {
    return key === this.key ? this.value : this.parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LinkedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new LinkedContext(this, key, undefined);
  }
}

/** An empty context; those derived from it are cheap to make. For few values: each is a link. */
export const emptyContext: Context = {
  getValue: () => undefined,
  setValue: (key, value) => new LinkedContext(emptyContext, key, value),
  deleteValue: () => emptyContext,
};
