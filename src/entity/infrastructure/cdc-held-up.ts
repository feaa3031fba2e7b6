import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A topic on which a streamer cannot publish at present; written by it while that is so. */
@Entity('cdc_held_up')
export class CdcHeldUp {
  @PrimaryColumn('text')
  slot: string;

  @PrimaryColumn('text')
  topic: string;

  /** What the broker says, or the desk if a refused message cannot be written there. */
  @Column('text')
  reason: string;

  /** Ordering keys whose messages wait; those of other keys go on. */
  @Column('integer')
  keys: number;

  /** By the clock of the streamer. */
  @Column('timestamptz')
  since: Date;

  /** When the streamer last said so, by the clock of the database. */
  @Column('timestamptz', { default: () => 'now()' })
  seenAt: Date;
}
