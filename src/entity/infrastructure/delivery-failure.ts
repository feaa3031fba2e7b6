import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** How often the handler itself failed on one event; deliveries that never ran are not counted. */
@Entity('delivery_failure')
export class DeliveryFailure {
  @PrimaryColumn('text')
  subscription: string;

  /** The event id, or the message's identity at the desk if it has none. */
  @PrimaryColumn('text')
  eventId: string;

  @Column('int')
  failures: number;

  @UpdateDateColumn({ type: 'timestamptz' })
  lastFailedAt: Date;
}
