import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A position that people are matched with by another system. */
@Entity('opportunity')
export class Opportunity {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  title: string;

  @Column('text')
  state: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
