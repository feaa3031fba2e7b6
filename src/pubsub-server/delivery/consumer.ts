export interface ConsumerLimits {
  /** Messages leased to the consumer at once; Infinity for no limit. */
  maxOutstandingMessages: number;
  /** Bytes leased to the consumer at once; Infinity for no limit. */
  maxOutstandingBytes: number;
  /** Of the leases it is given, in seconds; the subscription's own when undefined. */
  ackDeadlineSeconds: number | undefined;
}

/** Who receives messages: an open stream, or one pull request. */
export class Consumer {
  readonly limits: ConsumerLimits;
  outstandingMessages = 0;
  outstandingBytes = 0;

  constructor(limits: ConsumerLimits) {
    this.limits = limits;
  }

  /** Whether another message may be leased to it; one message always fits an idle consumer. */
  admits(bytes: number): boolean {
    return (
      this.outstandingMessages < this.limits.maxOutstandingMessages &&
      (this.outstandingMessages === 0 ||
        this.outstandingBytes + bytes <= this.limits.maxOutstandingBytes)
    );
  }
}
