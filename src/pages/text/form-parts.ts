import { html, NO_HTML, type Html } from './html.ts';

/** The token of the session, which each form that changes something carries. */
export function csrfField(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}" />`;
}

/** One choice of a list. */
export function option(value: string, text: string, isChosen: boolean): Html {
  return html`<option value="${value}" ${isChosen ? html` selected` : NO_HTML}>${text}</option>`;
}

interface TextField {
  readonly name: string;
  /** Default: the name. */
  readonly id?: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  /** The most characters. */
  readonly longest: number;
}

/** A line that is typed, and that no browser completes by itself. */
export function textField({ name, id = name, label, value, placeholder, longest }: TextField): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label
    ><input
      id="${id}"
      name="${name}"
      value="${value}"
      ${placeholder === undefined ? NO_HTML : html`placeholder="${placeholder}"`}
      maxlength="${longest}"
      autocomplete="off"
    />
  </div>`;
}
