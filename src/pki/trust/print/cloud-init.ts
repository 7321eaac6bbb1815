import { commandLine } from './command-line.ts';
import type { TrustPlan, TrustStep } from '../plan.ts';
import { insertBlock } from '../steps/block.ts';
import { partAsText } from '../steps/shared-file.ts';

/** Where Debian keeps CA certificates. cloud-init knows the folder of each distribution. */
const ANCHORS = '/usr/local/share/ca-certificates/';

/** A machine at its first start: the modules ca_certs, write_files and runcmd of cloud-init. */
export function cloudInit({ steps }: TrustPlan): object {
  const trusted = steps.flatMap((step) => (isAnchor(step) ? [step.content] : []));
  const rest = steps.filter((step) => !isAnchor(step) && !isUpdate(step));
  const files = rest.flatMap(fileOf);
  const commands = rest.flatMap((step) => (step.action === 'run' ? [['sh', '-c', commandLine(step)]] : []));
  return {
    ...(trusted.length === 0 ? {} : { ca_certs: { trusted } }),
    ...(files.length === 0 ? {} : { write_files: files }),
    ...(commands.length === 0 ? {} : { runcmd: commands }),
  };
}

function isAnchor(step: TrustStep): step is TrustStep & { readonly action: 'write' } {
  return step.action === 'write' && step.path.startsWith(ANCHORS);
}

function isUpdate(step: TrustStep): boolean {
  return step.action === 'run' && step.command[0] === 'update-ca-certificates';
}

function fileOf(step: TrustStep): readonly object[] {
  if (step.action === 'write') return [{ path: step.path, content: step.content, permissions: '0644' }];
  if (step.action !== 'insert') return [];
  const { path, part } = step;
  if (part.kind === 'yaml') return [{ path, content: partAsText(part), permissions: '0600' }];
  return [{ path, content: insertBlock('', part), permissions: '0644', append: true }];
}
