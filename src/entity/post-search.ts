import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a post is found by; follows the post's row. */
@Entity('post_search')
export class PostSearch {
  @PrimaryColumn('uuid')
  postId: string;

  @Column('tsvector')
  document: string;
}
