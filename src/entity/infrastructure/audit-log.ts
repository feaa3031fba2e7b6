import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One thing that an operator did. Rows are only ever added; the database refuses all else. */
@Entity('audit_log')
export class AuditLog {
  @PrimaryColumn('uuid')
  id: string;

  /** Shared by the rows of one operation: its start and its end. */
  @Column('uuid')
  operation: string;

  /** For example `dead-letters.redrive.started`. */
  @Column('text')
  action: string;

  /** The operator, as they named themselves or as their account is called. */
  @Column('text')
  actor: string;

  @Column('text', { nullable: true })
  reason: string | null;

  /** What was chosen, without values of payloads. */
  @Column('jsonb')
  filter: Record<string, unknown>;

  @Column('jsonb')
  counts: Record<string, number>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
