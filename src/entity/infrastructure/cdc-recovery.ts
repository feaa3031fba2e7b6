import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The last recovery of a lost slot; nobody may stream before it is finished. */
@Entity('cdc_recovery')
export class CdcRecovery {
  @PrimaryColumn('text')
  slot: string;

  /** Events created from then on are published again; `null` for all that are in the outbox. */
  @Column('timestamptz', { nullable: true })
  since: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  startedAt: Date;

  /** `null` while it runs, or when it was killed. */
  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  /** Published again. */
  @Column('bigint', { nullable: true })
  events: string | null;
}
