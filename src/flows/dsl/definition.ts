import type { z } from 'zod';

import type { PlannedStep } from '../plan.ts';

/** What a step does, without its types: the typed methods of `Flow` are the only ones that make these. */
export type StepWork =
  | {
      readonly kind: 'task';
      readonly when?: (known: AnyKnown) => boolean;
      handler(this: void, context: object): unknown;
    }
  | {
      readonly kind: 'map';
      readonly when?: (known: AnyKnown) => boolean;
      items(this: void, known: AnyKnown): unknown;
      handler(this: void, context: object): unknown;
    }
  | {
      readonly kind: 'wait';
      readonly when?: (known: AnyKnown) => boolean;
      readonly payload?: z.ZodType;
    }
  | { readonly kind: 'sleep'; seconds(known: AnyKnown): number }
  | {
      readonly kind: 'child';
      readonly flow: AnyFlow;
      input(known: AnyKnown): unknown;
    };

export interface AnyKnown {
  readonly input: unknown;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A step: what is planned of it, and what it does. */
export interface StepDefinition {
  readonly planned: PlannedStep;
  readonly work: StepWork;
}

/** A flow of any types. */
export interface AnyFlow {
  readonly name: string;
  readonly version: number;
  readonly inputSchema: z.ZodType | undefined;
  readonly steps: readonly StepDefinition[];
}
