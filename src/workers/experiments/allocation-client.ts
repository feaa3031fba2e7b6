import type { GrowthBookClient } from '@growthbook/growthbook';
import type { DataSource, EntityManager } from 'typeorm';

import { ExperimentAllocation } from '../../entity/index.ts';

interface Allocation {
  readonly userId: string;
  readonly experimentKey: string;
  readonly variation: string;
}

/**
 * Evaluates features for the handling of one message and remembers which experiments that put
 * people into, until `flush` has stored it.
 */
export class ExperimentAllocationClient {
  readonly #allocations = new Map<string, Allocation>();
  readonly #growthbook: GrowthBookClient;

  constructor(growthbook: GrowthBookClient) {
    this.#growthbook = growthbook;
  }

  /**
   * The value of a feature for a person, who is thereby allocated to the experiment behind it.
   *
   * @param defaultValue where the feature is unknown.
   * @param attributes what rules may ask for besides `userId`.
   */
  featureValue<Value extends string | number | boolean>(
    feature: string,
    defaultValue: Value,
    {
      userId,
      ...attributes
    }: { readonly userId: string } & Record<string, unknown>,
  ): Value {
    const value: unknown = this.#growthbook.getFeatureValue(
      feature,
      defaultValue,
      {
        attributes: { ...attributes, id: userId, userId },
        trackingCallback: (experiment, result) => {
          this.#allocations.set(`${userId}/${experiment.key}`, {
            userId,
            experimentKey: experiment.key,
            variation: result.key,
          });
        },
      },
    );
    return value as Value;
  }

  /** Stores the allocations. The first one of a person and experiment stands for good. */
  async flush(con: DataSource | EntityManager): Promise<void> {
    if (this.#allocations.size === 0) return;
    await con
      .createQueryBuilder()
      .insert()
      .into(ExperimentAllocation)
      .values([...this.#allocations.values()])
      .orIgnore()
      .updateEntity(false)
      .execute();
    this.#allocations.clear();
  }
}
