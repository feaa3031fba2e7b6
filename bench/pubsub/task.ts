/** What a measuring process is to do, with the unmodified Node client at its best settings. */
export interface Task {
  readonly address: string;
  /** Messages published and received before anything is measured. */
  readonly warmUp: number;
  /** Messages published in the measured phase; each goes to every subscription. */
  readonly messages: number;
  readonly subscriptions: number;
  /** The most messages that are received in the measured phase, of the warm-up too; all when left out. */
  readonly drained?: number;
  /** Messages published one by one, for their latency; 0 for none. */
  readonly latencyMessages: number;
  /** How long the streams stay open with nothing to do, in milliseconds; 0 for not at all. */
  readonly idleMilliseconds: number;
}

/** The phases, in their order. `held` is when everything is published and nothing received yet. */
export type Phase = 'publish' | 'held' | 'drain' | 'latency' | 'idle';

/** Told when a phase begins and when it ends. */
export type Progress =
  | { readonly kind: 'begin'; readonly phase: Phase }
  | {
      readonly kind: 'end';
      readonly phase: Phase;
      readonly seconds: number;
      /** User and system time of the client's process. */
      readonly cpuSeconds: number;
      /** Messages that passed: published, or received. */
      readonly messages: number;
      /** Milliseconds from publish to handler, one a message. */
      readonly latencies: readonly number[];
    };
