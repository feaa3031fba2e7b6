import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export type ReputationTarget = 'post' | 'comment';
export type ReputationReason = 'upvote';

/** Reputation that one person gave another for one thing; the key makes giving it idempotent. */
@Entity('reputation_event')
export class ReputationEvent {
  @PrimaryColumn('uuid')
  grantToId: string;

  @PrimaryColumn('text')
  targetType: ReputationTarget;

  @PrimaryColumn('uuid')
  targetId: string;

  @PrimaryColumn('uuid')
  grantById: string;

  @PrimaryColumn('text')
  reason: ReputationReason;

  @Column('int')
  amount: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
