import type { StepResult } from '../../../images/remove/execute.ts';
import type { Need } from '../../../images/remove/needed.ts';
import type { Words } from '../../text/language.ts';
import type { Shared } from './prepare.ts';
import type { TagFate } from './summary.ts';

interface RemoveWords {
  readonly all: string;
  readonly where: string;
  readonly title: string;
  readonly of: (repository: string) => string;
  readonly columns: { readonly tag: string; readonly digest: string; readonly fate: string };
  readonly fates: Readonly<Record<TagFate['fate'], string>>;
  readonly needs: Readonly<Record<Need['by'], (tag: string) => string>>;
  readonly others: (tags: string) => string;
  /** How many tags the table leaves out. */
  readonly more: (shown: string) => string;
  readonly facts: {
    readonly along: string;
    readonly images: string;
    readonly children: string;
    readonly referrers: string;
    readonly space: string;
  };
  readonly atMost: (size: string) => string;
  readonly spaceHint: string;
  readonly nothing: string;
  readonly noDeletes: string;
  readonly tiedTitle: string;
  readonly tied: string;
  readonly shared: Readonly<Record<Shared, string>>;
  readonly overwriteHint: string;
  readonly changed: string;
  readonly confirm: (count: number, shown: string) => string;
  readonly confirmUntagged: (count: number, shown: string) => string;
  readonly cancel: string;
  readonly noTags: string;
  readonly doneTitle: string;
  readonly partTitle: string;
  readonly notDoneTitle: string;
  readonly result: string;
  readonly imageOf: (tags: string) => string;
  readonly untagged: string;
  readonly untaggedRemoved: (shown: string) => string;
  readonly outcomes: Readonly<Record<StepResult['outcome'], string>>;
  readonly back: string;
  readonly gcEmbedded: string;
  readonly gcUntagged: string;
  readonly gcStock: string;
  readonly busy: string;
  /** What the repository holds can't be planned with. `reason` is in English. */
  readonly unplanned: (reason: string) => string;
}

export const REMOVE_WORDS: Words<RemoveWords> = {
  en: {
    all: 'All repositories',
    where: 'Folder',
    title: 'Remove tags',
    of: (repository) => `Remove tags of ${repository}`,
    columns: { tag: 'Tag', digest: 'Digest', fate: 'What happens' },
    fates: {
      manifest: 'goes',
      image: 'goes, and its image with it',
      alone: 'goes; its image stays',
      along: 'goes along with its image',
      stays: 'stays',
      missing: 'is not there any more',
    },
    needs: {
      tag: (tag) => `${tag} has the same image`,
      child: (tag) => `the index of ${tag} needs the image`,
      subject: (tag) => `${tag} refers to the image`,
      referrer: (tag) => `it belongs to ${tag}`,
    },
    others: (tags) => `same image: ${tags}`,
    more: (shown) => `… and ${shown} more`,
    facts: {
      along: 'Tags that go along with their images',
      images: 'Images that go',
      children: 'Images inside their indexes',
      referrers: 'Signatures, SBOMs and other referrers',
      space: 'Space that comes back',
    },
    atMost: (size) => `at most ${size}`,
    spaceHint: 'Each blob counted once, less what other repositories share.',
    nothing: 'Nothing of this can be removed.',
    noDeletes:
      'This registry deletes nothing: deletion is switched off there. Set storage.delete.enabled to true in its configuration, or REGISTRY_STORAGE_DELETE_ENABLED=true in its environment, and restart it.',
    tiedTitle: 'Tags that share their image',
    tied: 'This registry (distribution 2.8 or one like it) removes no tag alone: it deletes an image with all its tags. What shall happen to tags whose image has others?',
    shared: {
      keep: 'They stay',
      all: 'The image goes with all its tags',
      overwrite: 'They go alone',
    },
    overwriteHint:
      'To remove a tag alone, an empty image is pushed over it and deleted. Who pulls the tag in between gets the empty image.',
    changed:
      'The repository has changed since this summary was made. Nothing was removed. Look at it again before you go on.',
    confirm: (count, shown) => (count === 1 ? 'Remove 1 tag' : `Remove ${shown} tags`),
    confirmUntagged: (count, shown) => (count === 1 ? 'Remove 1 manifest' : `Remove ${shown} manifests`),
    cancel: 'Cancel',
    noTags: 'Choose tags in the repository first.',
    doneTitle: 'Removed',
    partTitle: 'Not everything was removed',
    notDoneTitle: 'Nothing was removed',
    result: 'Result',
    imageOf: (tags) => `image of ${tags}`,
    untagged: 'image without a tag',
    untaggedRemoved: (shown) => `images and referrers without a tag: ${shown}`,
    outcomes: {
      removed: 'removed',
      changed: 'left: it changed meanwhile',
      unsupported: 'left: the registry does not remove it',
      failed: 'failed',
      skipped: 'left: what had to go before is still there',
    },
    back: 'Back to the repository',
    gcEmbedded: 'The space comes back when garbage is collected, where the gate runs:',
    gcUntagged: 'Images that lost their last tag stay until they are collected, where the gate runs:',
    gcStock: 'The space comes back when garbage is collected, where the registry runs, while nobody pushes:',
    busy: 'Other removals are being prepared. Try again in a moment.',
    unplanned: (reason) =>
      `It can't be planned what would go, so nothing was removed. registry-gate images remove, on the command line, may do it. ${reason}`,
  },
  ko: {
    all: '전체 저장소',
    where: '폴더',
    title: '태그 삭제',
    of: (repository) => `${repository} 태그 삭제`,
    columns: { tag: '태그', digest: '다이제스트', fate: '처리' },
    fates: {
      manifest: '삭제',
      image: '이미지와 함께 삭제',
      alone: '태그만 삭제, 이미지는 유지',
      along: '이미지와 함께 삭제됨',
      stays: '유지',
      missing: '이미 없음',
    },
    needs: {
      tag: (tag) => `${tag} 태그와 같은 이미지`,
      child: (tag) => `${tag}의 인덱스에 필요한 이미지`,
      subject: (tag) => `${tag} 항목이 참조하는 이미지`,
      referrer: (tag) => `${tag}에 딸린 항목`,
    },
    others: (tags) => `같은 이미지: ${tags}`,
    more: (shown) => `… 외 ${shown}개`,
    facts: {
      along: '이미지와 함께 삭제되는 태그',
      images: '삭제되는 이미지',
      children: '인덱스 안의 이미지',
      referrers: '서명, SBOM 등 딸린 항목',
      space: '확보되는 용량',
    },
    atMost: (size) => `최대 ${size}`,
    spaceHint: '같은 블롭은 한 번만 계산하며, 다른 저장소와 공유하는 부분은 확보되지 않습니다.',
    nothing: '삭제할 수 있는 것이 없습니다.',
    noDeletes:
      '이 레지스트리는 삭제가 꺼져 있습니다. 레지스트리 설정에서 storage.delete.enabled를 true로 하거나 환경 변수 REGISTRY_STORAGE_DELETE_ENABLED=true를 지정한 뒤 다시 시작하세요.',
    tiedTitle: '이미지를 공유하는 태그',
    tied: '이 레지스트리(distribution 2.8 등)는 태그만 삭제하지 못하고 이미지를 모든 태그와 함께 삭제합니다. 다른 태그와 이미지를 공유하는 태그를 어떻게 할까요?',
    shared: {
      keep: '그대로 둡니다',
      all: '이미지를 모든 태그와 함께 삭제합니다',
      overwrite: '태그만 삭제합니다',
    },
    overwriteHint:
      '태그만 삭제하려고 빈 이미지를 덮어써서 푸시한 다음 삭제합니다. 그 사이에 태그를 풀하면 빈 이미지를 받습니다.',
    changed: '요약을 만든 뒤에 저장소가 바뀌었습니다. 삭제된 것은 없습니다. 다시 확인한 다음 진행하세요.',
    confirm: (_count, shown) => `태그 ${shown}개 삭제`,
    confirmUntagged: (_count, shown) => `매니페스트 ${shown}개 삭제`,
    cancel: '취소',
    noTags: '먼저 저장소에서 태그를 선택하세요.',
    doneTitle: '삭제했습니다',
    partTitle: '일부만 삭제했습니다',
    notDoneTitle: '삭제된 것이 없습니다',
    result: '결과',
    imageOf: (tags) => `${tags} 이미지`,
    untagged: '태그 없는 이미지',
    untaggedRemoved: (shown) => `태그 없는 이미지와 딸린 항목 ${shown}개`,
    outcomes: {
      removed: '삭제됨',
      changed: '유지: 그 사이에 바뀜',
      unsupported: '유지: 레지스트리가 삭제를 지원하지 않음',
      failed: '실패',
      skipped: '유지: 먼저 삭제해야 할 것이 남음',
    },
    back: '저장소로 돌아가기',
    gcEmbedded: '용량은 게이트가 실행되는 곳에서 가비지를 수집할 때 확보됩니다.',
    gcUntagged: '마지막 태그를 잃은 이미지는 게이트가 실행되는 곳에서 수집할 때까지 남습니다.',
    gcStock: '용량은 레지스트리가 실행되는 곳에서, 푸시가 없을 때 가비지를 수집하면 확보됩니다.',
    busy: '다른 삭제를 준비하는 중입니다. 잠시 후 다시 시도하세요.',
    unplanned: (reason) =>
      `무엇이 삭제될지 계획할 수 없어 아무것도 삭제하지 않았습니다. 명령줄의 registry-gate images remove로 가능할 수 있습니다. ${reason}`,
  },
};
