import { Column, Entity, PrimaryColumn } from 'typeorm';

import type { VoteValue } from './post-vote.ts';

@Entity('comment_vote')
export class CommentVote {
  @PrimaryColumn('uuid')
  commentId: string;

  @PrimaryColumn('uuid')
  userId: string;

  @Column('smallint')
  vote: VoteValue;

  /** When the vote last changed. */
  @Column('timestamptz', { default: () => 'now()' })
  votedAt: Date;
}
