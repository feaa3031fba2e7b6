import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The variation of an experiment that a person got, once and for all. */
@Entity('experiment_allocation')
export class ExperimentAllocation {
  @PrimaryColumn('uuid')
  userId: string;

  @PrimaryColumn('text')
  experimentKey: string;

  @Column('text')
  variation: string;

  @Column('timestamptz', { default: () => 'now()' })
  allocatedAt: Date;
}
