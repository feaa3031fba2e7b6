import { CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An event whose effects a transactional worker has committed; a second delivery finds it here. */
@Entity('inbox')
export class Inbox {
  @PrimaryColumn('text')
  subscription: string;

  @PrimaryColumn('text')
  eventId: string;

  @CreateDateColumn({ type: 'timestamptz' })
  receivedAt: Date;
}
