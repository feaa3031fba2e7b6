import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm';

@Entity('comment')
export class Comment {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  postId: string;

  @Column('uuid')
  userId: string;

  /** The comment that this one answers; `null` at the top. */
  @Column('uuid', { nullable: true })
  parentId: string | null;

  /** Markdown. */
  @Column('text')
  content: string;

  /** Sanitised HTML of `content`; empty until the content worker has been here. */
  @Column('text', { default: '' })
  contentHtml: string;

  /** Vote rows of 1, recounted in the transaction of each vote. */
  @Column('int', { default: 0 })
  upvotes: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt: Date;
}
