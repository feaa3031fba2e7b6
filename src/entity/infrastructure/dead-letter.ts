import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

export type DeadLetterSource = 'pubsub' | 'job' | 'flow' | 'outbox' | 'cdc';
export type DeadLetterState = 'open' | 'redriven' | 'resolved';

/** What failed for good, kept whole so that an operator can look, run it again or resolve it. */
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

  @Column('text', { nullable: true })
  messageId: string | null;

  @Column('timestamptz', { nullable: true })
  publishTime: Date | null;

  @Column('text', { default: '' })
  orderingKey: string;

  @Column('bytea')
  payload: Buffer;

  @Column('jsonb')
  attributes: Record<string, string>;

  @Column('text')
  error: string;

  @Column('text', { nullable: true })
  errorStack: string | null;

  /** Failures of the handler, the last one included; 0 if it never ran. */
  @Column('int')
  attempts: number;

  @Column('text', { default: 'open' })
  state: DeadLetterState;

  @Column('timestamptz', { default: () => 'now()' })
  firstSeenAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  lastSeenAt: Date;
}
