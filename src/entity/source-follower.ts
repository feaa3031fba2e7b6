import { CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Somebody who wants to be told of new posts of a source. */
@Entity('source_follower')
export class SourceFollower {
  @PrimaryColumn('uuid')
  sourceId: string;

  @PrimaryColumn('uuid')
  userId: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
