import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Up to where change data capture was known to be whole, so that a lost slot can be recovered from there. */
@Entity('cdc_position')
export class CdcPosition {
  @PrimaryColumn('text')
  slot: string;

  /** As Postgres writes it: `0/17D8F18`. */
  @Column('text')
  confirmedLsn: string;

  /** Every event that was committed by then is published. By the clock of the database. */
  @Column('timestamptz')
  healthyAt: Date;
}
