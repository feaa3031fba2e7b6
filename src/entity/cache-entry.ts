import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Something that is costly to compute, computed before anybody asks. */
@Entity('cache_entry')
export class CacheEntry {
  @PrimaryColumn('text')
  key: string;

  @Column('jsonb')
  value: unknown;

  @Column('timestamptz')
  computedAt: Date;

  /** From then on it is stale; it stays readable until it is computed again. */
  @Column('timestamptz')
  expiresAt: Date;
}
