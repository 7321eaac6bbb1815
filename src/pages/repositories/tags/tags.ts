import type { Page, TagRow } from '../../../inventory/inventory.ts';
import type { Language } from '../../text/language.ts';
import type { RepositoryQuery } from './tags-query.ts';

/** What the table of tags shows. */
export interface Tags {
  readonly query: RepositoryQuery;
  readonly page: Page<TagRow>;
  /** Whether tags can be chosen, to remove or compare them. */
  readonly maySelect: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly language: Language;
}
