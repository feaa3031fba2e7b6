import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How well a person fits an opportunity, as the matching system last said. */
@Entity('opportunity_match')
export class OpportunityMatch {
  @PrimaryColumn('uuid')
  opportunityId: string;

  @PrimaryColumn('uuid')
  userId: string;

  @Column('text')
  description: string;

  @Column('float8')
  rank: number;

  @Column('text')
  status: string;

  /** The matching system's time; an older message never overwrites a newer one. */
  @Column('timestamptz')
  updatedAt: Date;
}
