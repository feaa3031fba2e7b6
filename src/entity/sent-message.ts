import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
} from 'typeorm';

export type MessageChannel = 'mail' | 'push';

/** A mail or push message that a storing transport took instead of sending it. */
@Entity('sent_message')
@Unique('sent_message_idempotency_key', ['idempotencyKey'])
export class SentMessage {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  channel: MessageChannel;

  @Column('uuid')
  recipientId: string;

  @Column('uuid', { nullable: true })
  notificationId: string | null;

  @Column('text')
  subject: string;

  @Column('text')
  body: string;

  /** The same for readers that show HTML. */
  @Column('text', { nullable: true })
  html: string | null;

  /** A second attempt with the same key is the same message. */
  @Column('text')
  idempotencyKey: string;

  /** The id of the event, job or step of a flow that made it. */
  @Column('text', { nullable: true })
  cause: string | null;

  /** The subscription of the handler that made it, or `job <queue>`, `flow <name>`. */
  @Column('text', { nullable: true })
  handler: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
