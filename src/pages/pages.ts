import type { Principal } from '../auth/principal.ts';
import { accountRoutes, type AccountOptions } from './account/account.ts';
import { answerPage, type AnswerOptions } from './frame/answer.ts';
import { loadAssets, type Asset } from './frame/assets.ts';
import { renderLayout } from './frame/layout.ts';
import { parsePageAddress, type PageAddress } from './request/page-address.ts';
import { mostFormBytes } from './request/form-limit.ts';
import { problemPage } from './frame/problem-page.ts';
import { PageError } from './request/page-error.ts';
import type { PageAnswer, PageNote, PageRequest, PageRoutes } from './request/page-request.ts';
import { createTurns } from './request/page-turns.ts';
import { preferencesRoutes } from './request/preferences.ts';
import { readRequest, type PageCall, type ReadRequestOptions } from './request/read-request.ts';
import { createVisible, type VisibleOptions } from './request/visible.ts';
import { imageRoutes, type ImageOptions } from './image/image-routes.ts';
import { connectRoutes, type ConnectOptions } from './connect/connect.ts';
import { ownerRoutes, type OwnerOptions } from './owner/owner.ts';
import { signInRoutes, type SignInOptions } from './sign-in/sign-in.ts';
import { repositoriesRoutes, type RepositoriesOptions } from './repositories/repositories.ts';
import { TooLarge } from './text/html.ts';
import { spaceRoutes, type SpaceOptions } from './space/space.ts';

interface PagesOptions
  extends
    VisibleOptions,
    SignInOptions,
    AccountOptions,
    ReadRequestOptions,
    Omit<AnswerOptions, 'routes' | 'turns'>,
    Omit<RepositoriesOptions, 'see'>,
    Omit<SpaceOptions, 'see'>,
    Pick<ImageOptions, 'files'> {
  /** What the pages of owners read and change. */
  readonly owner: Omit<OwnerOptions, 'see' | 'policy'>;
  readonly authority: ConnectOptions['authority'];
}

/** The web pages of a gate. */
export interface Pages {
  /** Reads a target. Undefined if it is that of no page. */
  find(target: string): PageAddress | undefined;
  /** Returns the style, script or picture at this path. */
  asset(path: string): Asset | undefined;
  /** The methods that a page answers. */
  methods(address: PageAddress): readonly ('GET' | 'POST')[];
  /** Returns the most bytes that are read of a form; 0 where none is read, since it is refused in any case. */
  mostFormBytes(call: Pick<PageCall, 'address' | 'client'>): Promise<number>;
  /** Answers a browser. A form that was not read has no fields. Never rejects. */
  answer(call: PageCall): Promise<Rendered>;
}

/** A page as text, or the target that the browser is sent to (303). The principal is for the log. */
type Rendered = {
  readonly principal: Principal;
  readonly note: Omit<PageNote, 'principal'>;
  readonly cookies: readonly string[];
} & (
  | {
      readonly kind: 'page';
      readonly status: number;
      readonly text: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'redirect'; readonly to: string }
);

/** Makes the pages of a gate. */
export function createPages(options: PagesOptions): Pages {
  const assets = loadAssets();
  const routes = joinAreas(options);
  const turns = createTurns();
  return {
    find: (target) => parsePageAddress(target.split('?', 1)[0] ?? ''),
    asset: (path) => assets.find(path),
    methods: ({ kind }) => [
      ...(routes[kind]?.get === undefined ? [] : (['GET'] as const)),
      ...(routes[kind]?.post === undefined ? [] : (['POST'] as const)),
    ],
    mostFormBytes: (call) => mostFormBytes(options, call),
    answer: async (call) => {
      if (call.address.kind === 'sign-in') options.inventory.prepare();
      const request = await readRequest(options, call);
      const answer = await answerPage({ ...options, routes, turns }, request);
      const { note = {}, cookies = [] } = answer;
      const { principal = request.principal } = note;
      if (answer.kind === 'redirect') return { ...answer, note, cookies, principal };
      const { status, headers, text } = renderPage(request, answer, assets);
      return { kind: 'page', status, text, headers, note, cookies, principal };
    },
  };
}

interface RenderedPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

function renderPage(
  request: PageRequest,
  answer: Extract<PageAnswer, { kind: 'page' }>,
  assets: ReturnType<typeof loadAssets>,
): RenderedPage {
  const { status = 200, headers = {} } = answer;
  try {
    return { status, headers, text: renderLayout(request, answer, assets).toString() };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    const instead = problemPage(request, new PageError('too-large'));
    return {
      status: instead.status ?? status,
      headers,
      text: renderLayout(request, instead, assets).toString(),
    };
  }
}

/** The pages of all areas. */
function joinAreas(options: PagesOptions): PageRoutes {
  const see = createVisible(options);
  const { isEmbedded, untagged, garbage, files, policy, authority, owner } = options;
  return {
    ...preferencesRoutes,
    ...signInRoutes(options),
    ...accountRoutes(options),
    ...repositoriesRoutes({ see, isEmbedded, untagged }),
    ...imageRoutes({ see, files, now: Date.now }),
    ...spaceRoutes({ see, garbage }),
    ...ownerRoutes({ ...owner, policy, see }),
    ...connectRoutes({ see, authority }),
  };
}
