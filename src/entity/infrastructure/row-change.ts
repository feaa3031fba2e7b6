import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A change of a row of a captured table, without the row; recorded when it is handled. */
@Entity('row_change')
export class RecordedRowChange {
  /** The event id of the change. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  tableName: string;

  /** The values of the primary key, with `,` between them. */
  @Column('text')
  key: string;

  @Column('text')
  op: 'c' | 'u' | 'd';

  /** Position in the log of the database. */
  @Column('bigint', { nullable: true })
  lsn: string | null;

  /** The lower 32 bits, as in `xmin`. */
  @Column('bigint', { nullable: true })
  transactionId: string | null;

  @Column('timestamptz')
  committedAt: Date;

  /** When the streamer or Debezium read it from the log. */
  @Column('timestamptz')
  decodedAt: Date;
}
