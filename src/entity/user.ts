import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';

@Entity('user')
@Unique('user_username', ['username'])
@Unique('user_email', ['email'])
export class User {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  username: string;

  @Column('text')
  name: string;

  @Column('text')
  email: string;

  /** An IANA name. */
  @Column('text', { default: 'Etc/UTC' })
  timezone: string;

  /** Recomputed from `reputation_event` by the reputation workers. */
  @Column('int', { default: 10 })
  reputation: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt: Date;
}
