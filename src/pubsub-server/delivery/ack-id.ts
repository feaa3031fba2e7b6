/** A lease as a client names it: the message's sequence in the subscription and the lease's number. */
export interface LeaseReference {
  readonly sequence: number;
  readonly lease: number;
}

const ACK_ID = /^[0-9a-z]+-[0-9a-z]+-[0-9a-z]+$/;

/** Whether a text could be an ack id of this server at all, of whatever subscription. */
export const isAckId = (ackId: string): boolean => ACK_ID.test(ackId);

/**
 * Writes and reads the ack ids of one subscription. The tag, random per subscription and server
 * process, keeps an id from before a restart from acknowledging another message.
 */
export class AckIds {
  readonly #prefix: string;

  /** `tag`: lower-case letters and digits. */
  constructor(tag: string) {
    this.#prefix = `${tag}-`;
  }

  write(sequence: number, lease: number): string {
    return `${this.#prefix}${sequence.toString(36)}-${lease.toString(36)}`;
  }

  /** Undefined for an id that is not of this subscription. */
  read(ackId: string): LeaseReference | undefined {
    if (!ackId.startsWith(this.#prefix)) return undefined;
    const dash = ackId.indexOf('-', this.#prefix.length);
    if (dash === -1) return undefined;
    return {
      sequence: parseInt(ackId.slice(this.#prefix.length, dash), 36),
      lease: parseInt(ackId.slice(dash + 1), 36),
    };
  }
}
