import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

export type DeadLetterSource = 'pubsub' | 'job' | 'flow' | 'outbox' | 'cdc';
export type DeadLetterState = 'open' | 'redriven' | 'resolved';

/**
 * What failed for good, kept whole so that an operator can look, run it again or resolve it.
 *
 * `open` becomes `redriven` when a redrive succeeds and `resolved` when an operator says that nothing
 * is to be done; either is `open` again when the same message fails for good once more. An erased
 * entry has lost its payload to `nightshift forget` and stays `resolved`.
 */
@Entity('dead_letter')
@Unique('dead_letter_identity', ['source', 'subscription', 'identity'])
export class DeadLetter {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  source: DeadLetterSource;

  /** The subscription, queue, flow or slot that could not handle it. */
  @Column('text')
  subscription: string;

  @Column('text')
  topic: string;

  /** The event id, else `publish time/hash of the payload`. */
  @Column('text')
  identity: string;

  /** `null` for messages of systems that give none. */
  @Column('text', { nullable: true })
  eventId: string | null;

  @Column('text', { nullable: true })
  messageId: string | null;

  @Column('timestamptz', { nullable: true })
  publishTime: Date | null;

  @Column('text', { default: '' })
  orderingKey: string;

  @Column('bytea')
  payload: Buffer;

  /** The payload as far as it is JSON, for searching; `null` if it is none, or is too large or deep. */
  @Column('jsonb', { nullable: true })
  document: unknown;

  @Column('jsonb')
  attributes: Record<string, string>;

  @Column('text')
  error: string;

  @Column('text', { nullable: true })
  errorStack: string | null;

  /** The same for errors of the same kind; see `src/dead-letters/fingerprint.ts`. Empty if an older version wrote it. */
  @Column('text', { default: '' })
  fingerprint: string;

  /** Failures of the handler, or deliveries where it killed its process; 0 if it never ran. */
  @Column('int')
  attempts: number;

  /** Redrives that ended, whether well or not. */
  @Column('int', { default: 0 })
  redrives: number;

  @Column('text', { default: 'open' })
  state: DeadLetterState;

  /** Of the redrive or resolution; `null` while open. */
  @Column('timestamptz', { nullable: true })
  stateChangedAt: Date | null;

  @Column('text', { nullable: true })
  stateChangedBy: string | null;

  @Column('text', { nullable: true })
  stateReason: string | null;

  /** The message on a dead-letter topic that was drained into this entry last. */
  @Column('text', { nullable: true })
  forwardedId: string | null;

  /** When `nightshift forget` took payload, attributes and error away. */
  @Column('timestamptz', { nullable: true })
  erasedAt: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  firstSeenAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  lastSeenAt: Date;
}
