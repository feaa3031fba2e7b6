import { advance, begin } from '../../../src/flows/orchestration/advance.ts';
import type { Rewound } from '../../../src/flows/orchestration/rewind.ts';
import type { PlannedStep } from '../../../src/flows/plan.ts';

type Steps = { readonly steps: readonly PlannedStep[] };

/** A run in memory: it counts as the tables do, and begins and ends steps as they say. */
export class Model {
  readonly states = new Map<string, string>();
  readonly waitingOn = new Map<string, number>();
  /** In the order in which they began. */
  readonly began: string[] = [];
  pending: number;

  constructor(readonly plan: Steps) {
    const { steps, pending } = begin(plan);
    this.pending = pending;
    for (const { step, waitingOn } of steps) {
      this.states.set(step.name, 'pending');
      this.waitingOn.set(step.name, waitingOn);
      if (waitingOn === 0) this.#begin(step.name);
    }
  }

  get running(): string[] {
    return [...this.states]
      .filter(([, state]) => state === 'running')
      .map(([name]) => name);
  }

  end(name: string, as: 'completed' | 'skipped'): void {
    this.states.set(name, as);
    for (const transition of advance(this.plan, name)) {
      if (transition.type === 'close') {
        this.pending -= 1;
        continue;
      }
      const { step } = transition;
      const left = this.waitingOn.get(step.name)! - 1;
      this.waitingOn.set(step.name, left);
      if (left === 0) this.#begin(step.name);
    }
  }

  rewind({ reset, resumed, launched, pending }: Rewound): void {
    for (const { step, waitingOn } of reset) {
      this.states.set(step.name, 'pending');
      this.waitingOn.set(step.name, waitingOn);
    }
    for (const name of resumed) this.states.set(name, 'running');
    for (const { name } of launched) this.#begin(name);
    this.pending = pending;
  }

  #begin(name: string): void {
    this.states.set(name, 'running');
    this.began.push(name);
  }
}
