import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Where a person wants to hear of events: signed requests go there, by Standard Webhooks. */
@Entity('webhook_endpoint')
export class WebhookEndpoint {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  userId: string;

  @Column('text')
  url: string;

  /** As the receiver knows it: `whsec_` and base64. */
  @Column('text')
  secret: string;

  /** Signs, too, until the receiver has changed over. */
  @Column('text', { nullable: true })
  previousSecret: string | null;

  @Column('timestamptz', { nullable: true })
  previousSecretUntil: Date | null;

  /** Nothing is sent while it is not. */
  @Column('bool', { default: true })
  enabled: boolean;

  @Column('timestamptz', { nullable: true })
  disabledAt: Date | null;

  @Column('text', { nullable: true })
  disabledReason: string | null;

  /** Deliveries that failed for good since the last one that arrived. */
  @Column('int', { default: 0 })
  consecutiveFailures: number;

  /** When the first of them failed. */
  @Column('timestamptz', { nullable: true })
  failingSince: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
