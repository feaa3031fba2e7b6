import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Unique,
} from 'typeorm';

/** An RSS, Atom, RDF or JSON feed whose items become posts of a source. */
@Entity('connection')
@Unique('connection_source_url', ['sourceId', 'url'])
export class Connection {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  sourceId: string;

  /** Who the posts are by. */
  @Column('uuid')
  authorId: string;

  /** Follows permanent redirects. */
  @Column('text')
  url: string;

  /** Of the last answer whose items were taken over, sent with the next request. */
  @Column('text', { nullable: true })
  etag: string | null;

  /** As the server wrote it. */
  @Column('text', { nullable: true })
  lastModified: string | null;

  /** When the last sync began, however it ended. */
  @Column('timestamptz', { nullable: true })
  lastAttemptedAt: Date | null;

  /** When a sync last succeeded. */
  @Column('timestamptz', { nullable: true })
  lastSyncedAt: Date | null;

  /** Of the last sync; `null` if that succeeded. */
  @Column('text', { nullable: true })
  lastError: string | null;

  @Column('int', { default: 0 })
  consecutiveFailures: number;

  /** Not synced from then on: the feed is gone, or never was one. */
  @Column('timestamptz', { nullable: true })
  disabledAt: Date | null;

  /** Of the one sync that may write; another token means that it lost the lease. */
  @Column('uuid', { nullable: true })
  leaseToken: string | null;

  /** The job that syncs: its next attempt takes the lease over from one that was killed. */
  @Column('text', { nullable: true })
  leaseJobId: string | null;

  @Column('timestamptz', { nullable: true })
  leaseUntil: Date | null;

  /** When another sync was asked for while one ran; that one creates its job when it ends. */
  @Column('timestamptz', { nullable: true })
  requestedAt: Date | null;

  /** The WebSub hub that the feed names. */
  @Column('text', { nullable: true })
  hubUrl: string | null;

  /** The address that the feed gives itself: what is subscribed to. */
  @Column('text', { nullable: true })
  hubTopic: string | null;

  /** Signs the hub's notices. */
  @Column('text', { nullable: true })
  hubSecret: string | null;

  /** When the hub was asked for a subscription that it has not verified yet. */
  @Column('timestamptz', { nullable: true })
  hubRequestedAt: Date | null;

  /** When the verified subscription ends. */
  @Column('timestamptz', { nullable: true })
  hubExpiresAt: Date | null;

  /** Why there is no subscription. */
  @Column('text', { nullable: true })
  hubError: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** An item of a feed that was taken over. */
@Entity('connection_item')
export class ConnectionItem {
  @PrimaryColumn('uuid')
  connectionId: string;

  /** The item's identity within its feed. */
  @PrimaryColumn('text')
  itemId: string;

  /** `null` once the post was deleted: it does not come back. */
  @Column('uuid', { nullable: true })
  postId: string | null;

  /** Of title and content: tells a changed item. */
  @Column('text')
  contentHash: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
