import { renderImageName, type ImageName } from '../../../images/name/image-name.ts';
import { AppError } from '../../../lib/errors.ts';

/** Where an image of an archive goes. */
export interface ToPush {
  readonly reference: string;
  /** Its names in the archive that go to this repository. */
  readonly sourceNames: readonly string[];
  readonly repository: ImageName;
  readonly tags: readonly string[];
}

/** Refuses registries that the archive alone names: its author does not choose who learns the password of `--user`. */
export function refuseOthersChoice(plan: readonly ToPush[], defaultRegistry: string): void {
  const other = plan.find(({ repository }) => repository.registry !== defaultRegistry)?.repository.registry;
  if (other === undefined) return;
  throw new AppError('USAGE', {
    message: `The archive names ${other}, and --user does not say that the password is for it.`,
    hint: `Say where the images go: --into ${other}`,
  });
}

/** Refuses two images that would get one name: the last one would win by chance. */
export function refuseTwice(plan: readonly ToPush[]): void {
  const taken = new Map<string, string>();
  for (const { reference, repository, tags } of plan) {
    for (const tag of tags) {
      const name = renderImageName({ ...repository, tag });
      if ((taken.get(name) ?? reference) !== reference)
        throw new AppError('USAGE', {
          message: `Two images of the archive would both become ${name}.`,
          hint: 'Push them one by one: registry-gate images copy oci-archive:FILE:NAME TARGET',
        });
      taken.set(name, reference);
    }
  }
}
