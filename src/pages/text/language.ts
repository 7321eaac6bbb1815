/** The languages of the pages (BCP 47). The first one is spoken where a browser wants none of them. */
export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The words of one area of the pages, in each language. */
export type Words<T> = Readonly<Record<Language, T>>;

export function isLanguage(text: string | undefined): text is Language {
  return LANGUAGES.some((language) => language === text);
}

/** As many entries of `Accept-Language` as are looked at. */
const MOST_ENTRIES = 32;

/** Chooses by `Accept-Language` (RFC 9110 section 12.5.4): the language with the highest weight, the first one of equals. */
export function acceptedLanguage(header: string | undefined): Language {
  const entries = (header ?? '').split(',', MOST_ENTRIES).map(readEntry);
  const best = entries
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ primary }) => primary)
    .find(isLanguage);
  return best ?? LANGUAGES[0];
}

function readEntry(text: string): { readonly primary: string; readonly weight: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((it) => it.startsWith('q='))?.slice(2);
  const weight = quality === undefined ? 1 : Number(quality);
  return { primary: range.split('-', 1)[0] ?? '', weight: Number.isFinite(weight) ? weight : 0 };
}
