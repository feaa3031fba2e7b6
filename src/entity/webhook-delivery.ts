import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
} from 'typeorm';

/** `pending` until an attempt arrives, or none is left. A failed one is pending again when its job runs again. */
export type WebhookDeliveryState = 'pending' | 'delivered' | 'failed';

/** One event on its way to one endpoint. Jobs come and go: this row says what is to be done. */
@Entity('webhook_deliveries')
@Unique('webhook_deliveries_event', ['endpointId', 'eventId'])
export class WebhookDelivery {
  /** Also the `webhook-id` that the receiver sees, the same on every attempt. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  endpointId: string;

  /** Such as `export.ready`. */
  @Column('text')
  eventType: string;

  @Column('text')
  eventId: string;

  /** The body, letter for letter. */
  @Column('json')
  payload: unknown;

  @Column('text', { default: 'pending' })
  state: WebhookDeliveryState;

  /** Attempts that came to an end. */
  @Column('int', { default: 0 })
  attempts: number;

  /** The job that delivers it; `null` only within the transaction that creates both. */
  @Column('uuid', { nullable: true })
  jobId: string | null;

  /** Jobs that it was given so far. */
  @Column('int', { default: 1 })
  jobs: number;

  /** Of the last attempt that was answered. */
  @Column('int', { nullable: true })
  responseStatus: number | null;

  /** Those of its headers that help to find it in the receiver's logs. */
  @Column('jsonb', { nullable: true })
  responseHeaders: Record<string, string> | null;

  /** Its first 4 KB. */
  @Column('text', { nullable: true })
  responseBody: string | null;

  /** Of the last attempt, if that failed. */
  @Column('text', { nullable: true })
  error: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  lastAttemptedAt: Date | null;

  /** When it was delivered, or failed for good. */
  @Column('timestamptz', { nullable: true })
  settledAt: Date | null;

  /** The id of the event, job or step of a flow that made it. */
  @Column('text', { nullable: true })
  cause: string | null;
}
