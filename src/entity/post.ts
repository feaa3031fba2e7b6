import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm';

@Entity('post')
export class Post {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  sourceId: string;

  @Column('uuid')
  authorId: string;

  @Column('text')
  title: string;

  /** Markdown. */
  @Column('text')
  content: string;

  /** Vote rows of 1, recounted in the transaction of each vote. */
  @Column('int', { default: 0 })
  upvotes: number;

  /** Comments and replies, recounted in the transaction of each comment. */
  @Column('int', { default: 0 })
  comments: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt: Date;
}
