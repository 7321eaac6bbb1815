import type { ImageConfig, RunConfig } from '../../../images/model/config.ts';
import type { JsonObject } from '../../../images/model/json.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { fact, listFact, renderPairs, textFact } from '../parts/facts.ts';
import { IMAGE_WORDS } from './words.ts';

/** How containers of an image start. */
export function renderRunConfig({ run }: ImageConfig, language: Language): Html {
  if (run === undefined) return NO_HTML;
  const words = IMAGE_WORDS[language];
  return html`<section>
      <h2>${words.starts}</h2>
      <dl class="facts card">
        ${textFact(words.entrypoint, listText(run.entrypoint), language)}
        ${textFact(words.command, listText(run.cmd), language)}
        ${textFact(words.workingDir, run.workingDir, language)}
        ${
          run.user === ''
            ? fact(words.user, html`<span class="quiet-text">${words.root}</span>`)
            : textFact(words.user, run.user, language)
        }
        ${listFact(words.ports, run.ports, language)}${listFact(words.volumes, run.volumes, language)}
        ${textFact(words.stopSignal, run.stopSignal, language)}
        ${textFact(words.healthcheck, healthcheckText(run), language)}
        ${textFact(words.shell, listText(run.shell), language)}
        ${listFact(words.onBuild, run.onBuild, language)}
      </dl>
    </section>
    ${renderPairs(words.environment, run.env.map(pairOf), language)}
    ${renderPairs(words.labels, Object.entries(run.labels), language)}`;
}

/** As a Dockerfile has it: a list of words. */
function listText(words: readonly string[]): string {
  return words.length === 0 ? '' : JSON.stringify(words);
}

function pairOf(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** The spans of a health check, in nanoseconds, by the flag that sets each (Dockerfile reference: "HEALTHCHECK"). */
const SPANS = [
  ['Interval', '--interval'],
  ['Timeout', '--timeout'],
  ['StartPeriod', '--start-period'],
  ['StartInterval', '--start-interval'],
] as const;

function healthcheckText({ healthcheck }: Pick<RunConfig, 'healthcheck'>): string {
  if (healthcheck === undefined) return '';
  const { Test: test, Retries: retries } = healthcheck;
  const words: unknown[] = Array.isArray(test) ? test : [];
  const [kind, ...rest] = words.filter((word) => typeof word === 'string');
  if (kind === 'NONE') return 'NONE';
  const command = kind === 'CMD-SHELL' ? rest.join(' ') : listText(rest);
  const flags = SPANS.flatMap(([member, flag]) => spanOf(healthcheck, member, flag));
  const most = typeof retries === 'number' && retries > 0 ? [`--retries=${retries}`] : [];
  return [...flags, ...most, 'CMD', command].join(' ');
}

function spanOf(healthcheck: JsonObject, member: string, flag: string): readonly string[] {
  const value = healthcheck[member];
  return typeof value === 'number' && value > 0 ? [`${flag}=${value / 1e9}s`] : [];
}
