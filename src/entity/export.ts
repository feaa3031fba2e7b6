import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
} from 'typeorm';

export type ExportKind = 'my-posts' | 'my-comments';
export type ExportFormat = 'csv' | 'pdf';

/**
 * `requested` becomes `running` and then `ready`; `failed` once every attempt has failed. A run again
 * of a failed one is `running` once more.
 */
export type ExportState = 'requested' | 'running' | 'ready' | 'failed';

/** A file that a person asked for, written by a job into object storage. */
@Entity('export')
@Unique('export_object_key', ['objectKey'])
export class Export {
  @PrimaryColumn('uuid')
  id: string;

  /** `null` once the person is gone. */
  @Column('uuid', { nullable: true })
  userId: string | null;

  @Column('text')
  kind: ExportKind;

  @Column('text')
  format: ExportFormat;

  @Column('text', { default: 'requested' })
  state: ExportState;

  /** Known from the beginning, so that whatever a killed job left there can be deleted. */
  @Column('text')
  objectKey: string;

  /** Rows of data; `null` until it is ready. */
  @Column('int', { nullable: true })
  rows: number | null;

  @Column('bigint', { nullable: true })
  bytes: string | null;

  /** Of the last attempt that failed. */
  @Column('text', { nullable: true })
  error: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  requestedAt: Date;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;
}
