import type { DataSource } from 'typeorm';

/** A person as the CRM knows them. */
export interface Contact {
  /** The user's id: what makes two requests speak of one contact. */
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly username: string;
  /** An IANA name. */
  readonly timezone: string;
}

export interface CrmRequest {
  readonly con: DataSource;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** The system outside that knows our users. Every method may be called again with the same effect. */
export interface CrmClient {
  /**
   * Makes the contact, or makes it equal to this one.
   *
   * @throws CrmUnavailableError if it has to be tried again, CrmRefusedError if that is of no use.
   */
  putContact(contact: Contact, request: CrmRequest): Promise<void>;
  /**
   * Deletes the contact; one that is not there is no error.
   *
   * @throws CrmUnavailableError, CrmRefusedError
   */
  deleteContact(id: string, request: CrmRequest): Promise<void>;
}
