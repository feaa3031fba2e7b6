import type { DataSource, EntityManager } from 'typeorm';

import type {
  ClaimedTask,
  Delivery,
  FlowBackend,
  Follower,
  TaskEnd,
  TaskSettled,
} from '../backend/port.ts';
import { createPostgresBackend } from '../backend/postgres-backend.ts';
import type { Plan } from '../plan.ts';
import { Batcher } from './batcher.ts';
import { Cancellations } from './cancellations.ts';
import { followersOf } from './followers.ts';

/** An end, and the plan that says what follows. */
export interface PlannedEnd extends TaskEnd {
  readonly plan: Plan;
  readonly traceparent: string | undefined;
}

/** What follows from some ends, once for each step. */
const followersOfAll = (ends: readonly PlannedEnd[]): Follower[] => {
  const steps = new Map(
    ends.map((end) => [`${end.run} ${end.step}`, end] as const),
  );
  return [...steps.values()].flatMap((end) => followersOf(end.plan, end));
};

/** What the tasks of one process share: their claims and ends go to the database together. */
export class Channel {
  readonly backend: FlowBackend;
  readonly cancellations: Cancellations;
  readonly #claims: Batcher<Delivery, ClaimedTask | undefined>;
  readonly #ends: Batcher<PlannedEnd, TaskSettled>;

  constructor(con: DataSource) {
    this.backend = createPostgresBackend(con);
    this.cancellations = new Cancellations(con);
    this.#claims = new Batcher((deliveries) => this.backend.claim(deliveries));
    this.#ends = new Batcher((ends) => this.#settle(ends));
  }

  claim(delivery: Delivery): Promise<ClaimedTask | undefined> {
    return this.#claims.ask(delivery);
  }

  /** Ends a task; with `manager` in its transaction, else together with others. */
  async settle(end: PlannedEnd, manager?: EntityManager): Promise<TaskSettled> {
    if (!manager) return this.#ends.ask(end);
    const [settled] = await this.#settle([end], manager);
    return settled ?? 'lost';
  }

  /** Ends an item of a map in the transaction of its effects. */
  settleItem(end: PlannedEnd, manager: EntityManager): Promise<TaskSettled> {
    return this.backend.settleItem(
      end,
      () => followersOf(end.plan, end),
      manager,
    );
  }

  #settle(
    ends: readonly PlannedEnd[],
    manager?: EntityManager,
  ): Promise<TaskSettled[]> {
    return this.backend.settle(ends, followersOfAll(ends), manager);
  }
}

const channels = new WeakMap<DataSource, Channel>();

/** The channel over some connections. */
export const channelOver = (con: DataSource): Channel => {
  let channel = channels.get(con);
  if (!channel) {
    channel = new Channel(con);
    channels.set(con, channel);
  }
  return channel;
};
