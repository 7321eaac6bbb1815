import { html, type Html } from './html.ts';

/** A step on the way to a page. */
interface Crumb {
  readonly text: string;
  /** Undefined for the page itself. */
  readonly address: string | undefined;
}

/** The way to a page, from the page that holds everything. `label` is what the way is called. */
export function renderCrumbs(crumbs: readonly Crumb[], label: string): Html {
  const items = crumbs.map(({ text, address }) =>
    address === undefined
      ? html`<li aria-current="page">${text}</li>`
      : html`<li><a href="${address}">${text}</a></li>`,
  );
  return html`<nav aria-label="${label}">
    <ol class="crumbs">
      ${items}
    </ol>
  </nav>`;
}
