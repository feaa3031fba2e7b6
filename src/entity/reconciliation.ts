import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One comparison of a denormalised counter with its source, over a whole table. */
@Entity('reconciliation_report')
export class ReconciliationReport {
  /** The job's id: a second attempt goes on where the first one stopped. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  counter: string;

  /** Whether differences were set right. */
  @Column('bool')
  repair: boolean;

  /** The last row that was compared, in the order of ids. */
  @Column('uuid', { nullable: true })
  reached: string | null;

  @Column('bigint', { default: 0 })
  checked: string;

  @Column('bigint', { default: 0 })
  differing: string;

  @Column('bigint', { default: 0 })
  repaired: string;

  @CreateDateColumn({ type: 'timestamptz' })
  startedAt: Date;

  /** `null` while it runs, or when it was killed. */
  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;
}

/** A row whose counter did not agree with its source; a report keeps a limited number of them. */
@Entity('reconciliation_difference')
export class ReconciliationDifference {
  @PrimaryColumn('uuid')
  reportId: string;

  @PrimaryColumn('uuid')
  rowId: string;

  @Column('bigint')
  stored: string;

  @Column('bigint')
  counted: string;

  @Column('bool')
  repaired: boolean;
}
