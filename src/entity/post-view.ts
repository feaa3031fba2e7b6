import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One view of a post, from one `post-viewed` event. */
@Entity('post_view')
@Index('post_view_post_id', ['postId'])
export class PostView {
  @PrimaryColumn('uuid')
  eventId: string;

  @Column('uuid')
  postId: string;

  /** Null for a visitor who is not known. */
  @Column('uuid', { nullable: true })
  userId: string | null;

  @Column('timestamptz')
  viewedAt: Date;
}
