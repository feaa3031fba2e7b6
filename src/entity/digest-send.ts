import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What became of a planned digest: sent, or there was nothing to tell, or nobody to tell it to. */
export type DigestOutcome = 'sent' | 'nothing-new' | 'unsubscribed';

/** The ledger of digests: one row for each person and period, so that none is sent twice. */
@Entity('digest_send')
export class DigestSend {
  @PrimaryColumn('uuid')
  userId: string;

  /** The person's own day (`2026-11-23`) or, of a weekly digest, week (`2026-W48`). */
  @PrimaryColumn('text')
  period: string;

  @CreateDateColumn({ type: 'timestamptz' })
  plannedAt: Date;

  /** Null while it is to be sent. */
  @Column('text', { nullable: true })
  outcome: DigestOutcome | null;

  @Column('timestamptz', { nullable: true })
  settledAt: Date | null;
}
