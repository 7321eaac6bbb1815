import { html, NO_HTML, type Html } from '../text/html.ts';
import { withQuery } from '../request/page-address.ts';

/** The address of the list of a folder; of all repositories for the empty text. */
export function folderPath(folder: string): string {
  return withQuery('/', { folder });
}

/**
 * The way to a folder or a repository, part by part: each part but the last one is a link to its folder. `all` is the
 * word for the list of everything, `label` what the way is called.
 */
export function renderCrumbs(
  name: string,
  { all, label }: { readonly all: string; readonly label: string },
): Html {
  const parts = name.split('/');
  const items = parts.map((part, at) => {
    const isLast = at === parts.length - 1;
    const folder = parts.slice(0, at + 1).join('/');
    return isLast
      ? html`<li aria-current="page">${part}</li>`
      : html`<li><a href="${folderPath(folder)}">${part}</a></li>`;
  });
  return html`<nav aria-label="${label}">
    <ol class="crumbs">
      <li><a href="/">${all}</a></li>
      ${name === '' ? NO_HTML : items}
    </ol>
  </nav>`;
}
