import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
} from 'typeorm';

/** What happened, told once however often its event comes; who is told is in `user_notification`. */
@Entity('notification_v2')
@Unique('notification_v2_identity', ['type', 'referenceId', 'uniqueKey'])
export class NotificationV2 {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  type: string;

  /** The id of what it is about. */
  @Column('text')
  referenceId: string;

  /** Tells apart notifications of one type about one thing, as a milestone does. */
  @Column('text')
  uniqueKey: string;

  @Column('text')
  title: string;

  @Column('text', { nullable: true })
  body: string | null;

  @Column('text')
  targetUrl: string;

  /** The id of the event whose handler made it. */
  @Column('text', { nullable: true })
  cause: string | null;

  /** The subscription of the handler that made it, or `job <queue>`, `flow <name>`. */
  @Column('text', { nullable: true })
  handler: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
