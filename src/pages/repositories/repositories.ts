import { html, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { repositoryPath } from '../request/page-address.ts';
import type { PageRoutes } from '../request/page-request.ts';
import type { createVisible } from '../request/visible.ts';
import { REPOSITORIES_WORDS } from './words.ts';

interface RepositoriesOptions {
  readonly see: ReturnType<typeof createVisible>;
}

/** The repositories that somebody may see. */
export function repositoriesRoutes({ see }: RepositoriesOptions): PageRoutes {
  return {
    repositories: {
      get: async (request) => {
        const { language } = request;
        const names = await see(request).repositories(request.query.get('search'));
        return { kind: 'page', title: REPOSITORIES_WORDS[language].title, body: renderList(names, language) };
      },
    },
  };
}

function renderList(names: readonly string[], language: Language): Html {
  const { title, none } = REPOSITORIES_WORDS[language];
  if (names.length === 0)
    return html`<section class="state">
      <h1>${title}</h1>
      <p>${none}</p>
    </section>`;
  const rows = names.map(
    (name) =>
      html`<tr>
        <th scope="row"><a data-row href="${repositoryPath(name)}">${name}</a></th>
      </tr>`,
  );
  return html`<section>
    <h1>${title}</h1>
    <div class="table-box">
      <table data-rows>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}
