import type { Operator } from '../../dead-letters/audit.ts';
import type { DeadLetterFilter } from '../../dead-letters/filter.ts';

/** A redrive as the API asks for it. */
export interface RedriveCall extends Operator {
  readonly filter: DeadLetterFilter;
  readonly limit: number;
  readonly again: boolean;
  readonly signal: AbortSignal;
  /** Begins nothing new from then on, in milliseconds since the epoch. */
  readonly until: number;
}

/** How it went. */
export interface RedriveAnswer {
  /** Its id in the audit log. */
  readonly operation: string;
  readonly chosen: number;
  readonly redriven: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly skipped: number;
  readonly left: number;
  readonly stopped?: string;
  readonly results: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly error?: string;
    readonly reason?: string;
  }[];
}

/** Runs stored messages; given by a process that knows the workers. */
export type Redrive = (call: RedriveCall) => Promise<RedriveAnswer>;

/** Whether the handler of today can read one entry. */
export interface PreviewedEntry {
  readonly id: string;
  readonly subscription: string;
  readonly fits: boolean;
  /** Why not. */
  readonly reason?: string;
}

/** Compares entries with the schemas of their handlers; given by a process that knows the workers. */
export type PreviewRedrive = (
  ids: readonly string[],
) => Promise<readonly PreviewedEntry[]>;

/** An entry that is to run with another payload. */
export interface Edit {
  readonly id: string;
  /** JSON, as the payload is shown. */
  readonly document: unknown;
}

/** Runs entries with another payload; given by a process that knows the workers. */
export interface Resend {
  /** Whether the handler of today reads it; runs nothing. */
  preview(
    edit: Edit,
  ): Promise<{ readonly fits: boolean; readonly reason?: string }>;
  run(
    edit: Edit & {
      readonly actor: string;
      readonly reason: string;
      readonly signal: AbortSignal;
    },
  ): Promise<{
    readonly operation: string;
    readonly outcome: string;
    readonly error?: string;
    readonly reason?: string;
  }>;
}
