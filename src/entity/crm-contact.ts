import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A person as the CRM would know them, where CRM_TRANSPORT is `store`. */
@Entity('crm_contact')
export class CrmContact {
  /** The user's id. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  email: string;

  @Column('text')
  name: string;

  @Column('text')
  username: string;

  @Column('text')
  timezone: string;

  @CreateDateColumn({ type: 'timestamptz' })
  syncedAt: Date;
}
