import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export type DigestFrequency = 'daily' | 'workdays' | 'weekly';

/** A person who wants a personal digest. */
@Entity('digest_subscription')
export class DigestSubscription {
  @PrimaryColumn('uuid')
  userId: string;

  @Column('text')
  frequency: DigestFrequency;

  /** 0 to 23 in the person's timezone. */
  @Column('int')
  preferredHour: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
