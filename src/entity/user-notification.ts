import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A notification as one person has it. */
@Entity('user_notification')
export class UserNotification {
  @PrimaryColumn('uuid')
  notificationId: string;

  @PrimaryColumn('uuid')
  userId: string;

  @Column('timestamptz', { nullable: true })
  readAt: Date | null;

  /** Whether the person sees it in their list. */
  @Column('bool', { default: true })
  public: boolean;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
