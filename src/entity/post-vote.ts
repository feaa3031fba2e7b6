import { Column, Entity, PrimaryColumn } from 'typeorm';

/** 1: upvoted, -1: downvoted, 0: cancelled; a cancelled vote keeps its row. */
export type VoteValue = 1 | 0 | -1;

@Entity('post_vote')
export class PostVote {
  @PrimaryColumn('uuid')
  postId: string;

  @PrimaryColumn('uuid')
  userId: string;

  @Column('smallint')
  vote: VoteValue;

  /** When the vote last changed. */
  @Column('timestamptz', { default: () => 'now()' })
  votedAt: Date;
}
