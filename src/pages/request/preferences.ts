import { isLanguage, type Language } from '../text/language.ts';
import { ownTarget } from './own-target.ts';
import { THEMES, type PageRoutes, type Theme } from './page-request.ts';

/** What a browser was told to remember. It is no secret, and belongs to no account. */
interface Preferences {
  readonly language: Language | undefined;
  readonly theme: Theme;
}

const LANGUAGE = '__Host-language';
const THEME = '__Host-theme';
const YEAR_SECONDS = 31_536_000;

/** Reads the preferences from a `Cookie` header (RFC 6265 section 4.2). */
export function readPreferences(cookies: string | undefined): Preferences {
  const language = cookieValue(cookies, LANGUAGE);
  const theme = cookieValue(cookies, THEME);
  return {
    language: isLanguage(language) ? language : undefined,
    theme: THEMES.find((it) => it === theme) ?? 'auto',
  };
}

/** Returns the first cookie of this name. */
function cookieValue(cookies: string | undefined, name: string): string | undefined {
  const pair = cookies?.split(';').find((it) => it.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}

/** The form at the foot of each page. It needs no session: it changes nothing but the looks of this browser. */
export const preferencesRoutes: PageRoutes = {
  preferences: {
    post: ({ form }) => {
      const language = form.get('language');
      const theme = form.get('theme');
      return {
        kind: 'redirect',
        to: ownTarget(form.get('to')),
        cookies: [
          ...(isLanguage(language) ? [remember(LANGUAGE, language)] : []),
          ...(THEMES.some((it) => it === theme) ? [remember(THEME, theme)] : []),
        ],
      };
    },
  },
};

function remember(name: string, value: string): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${YEAR_SECONDS}`;
}
