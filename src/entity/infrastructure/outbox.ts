import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/**
 * An event on its way to Pub/Sub, written in the transaction of the change that caused it.
 * Change data capture publishes it: `payload` as the message's bytes, the rest as its key and attributes.
 */
@Entity('outbox')
export class Outbox {
  /** The event id: UUIDv7, or UUIDv5 of its cause. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  topic: string;

  /** Never empty: events without an order of their own have their id here. */
  @Column('text')
  orderingKey: string;

  @Column('text')
  type: string;

  @Column('bytea')
  payload: Buffer;

  @Column('text', { nullable: true })
  traceparent: string | null;

  /** The id of the event, job or run whose handler caused this one. */
  @Column('text', { nullable: true })
  cause: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
