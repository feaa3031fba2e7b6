import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One attempt to handle a message, as a process recorded it afterwards; see `src/causality/`. */
@Entity('delivery')
export class DeliveryAttempt {
  /** The event id, or the message's identity at the desk if it has none. */
  @PrimaryColumn('text')
  eventId: string;

  @PrimaryColumn('text')
  subscription: string;

  @PrimaryColumn('timestamptz')
  startedAt: Date;

  @Column('timestamptz')
  finishedAt: Date;

  /** When the process got it; `null` of a redrive. */
  @Column('timestamptz', { nullable: true })
  receivedAt: Date | null;

  @Column('timestamptz')
  publishedAt: Date;

  @Column('text')
  topic: string;

  /** The same for a redelivery, another one where the event was published again. */
  @Column('text')
  messageId: string;

  /** Which delivery it was, as the broker counts; 1 where it does not. */
  @Column('int')
  attempt: number;

  /** Deliveries that this attempt answered: more than one where the message came again meanwhile. */
  @Column('int')
  copies: number;

  @Column('text')
  outcome: 'ack' | 'nack' | 'dead-letter' | 'duplicate';

  /** How it failed. */
  @Column('text', { nullable: true })
  failure: string | null;

  /** The name of the error; its message may hold what people wrote. */
  @Column('text', { nullable: true })
  error: string | null;

  /** The id of what caused the event, as its message says. */
  @Column('text', { nullable: true })
  cause: string | null;

  /** Share of the successes of its subscription that were recorded then, over 0 to 1. */
  @Column('real')
  share: number;
}
