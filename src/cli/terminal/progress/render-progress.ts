import { renderSize } from '../amounts.ts';

/** What is shown of one transfer, or of all together. */
export interface Bar {
  readonly label: string;
  /** In bytes. */
  readonly done: number;
  readonly total: number;
  /** Bytes per second. Undefined while nobody can tell. */
  readonly rate?: number | undefined;
}

const LABEL_COLUMNS = 12;
const WIDEST_BAR = 40;
const NARROWEST_BAR = 8;

/** Renders one line of at most so many columns: `sha256 label  [=====>    ]  45%  12.3MB/27MB  3.1MB/s  4s left`. */
export function renderBar({ label, done, total, rate }: Bar, columns: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const head = label.slice(0, LABEL_COLUMNS).padEnd(LABEL_COLUMNS);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const amounts = `${renderSize(done)}/${renderSize(total)}`;
  const speed =
    rate === undefined ? '' : `  ${renderSize(Math.round(rate))}/s${leftOf({ done, total, rate })}`;
  const tail = `${percent}  ${amounts}${speed}`;
  const width = Math.min(WIDEST_BAR, columns - head.length - tail.length - 5);
  const drawn = width < NARROWEST_BAR ? '' : `  ${drawBar(share, width)}`;
  return `${head}${drawn}  ${tail}`.slice(0, Math.max(0, columns));
}

/** Renders ` 45%  12.3MB/27MB  3.1MB/s  4s left`. */
export function renderAmounts({ done, total, rate }: Bar): string {
  const percent = total === 0 ? 100 : Math.floor(Math.min(1, done / total) * 100);
  const speed =
    rate === undefined ? '' : `  ${renderSize(Math.round(rate))}/s${leftOf({ done, total, rate })}`;
  return `${percent}%`.padStart(4) + `  ${renderSize(done)}/${renderSize(total)}${speed}`;
}

function drawBar(share: number, width: number): string {
  const inner = width - 2;
  const full = Math.floor(share * inner);
  const body = full >= inner ? '='.repeat(inner) : `${'='.repeat(full)}>`.padEnd(inner);
  return `[${body}]`;
}

function leftOf({ done, total, rate }: { done: number; total: number; rate: number }): string {
  if (rate <= 0 || done >= total) return '';
  return `  ${renderSpan((total - done) / rate)} left`;
}

/** Renders seconds as `8s`, `3m05s` or `2h10m`. */
export function renderSpan(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
