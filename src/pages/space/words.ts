import type { Words } from '../text/language.ts';

interface SpaceWords {
  readonly title: string;
  readonly all: string;
  readonly where: string;
  readonly ofRepository: (name: string) => string;
  readonly total: string;
  readonly shared: string;
  readonly sharedAmongTags: string;
  readonly alone: string;
  readonly picture: string;
  readonly others: (count: string) => string;
  readonly columns: {
    readonly repository: string;
    readonly tag: string;
    readonly size: string;
    readonly alone: string;
    readonly share: string;
    readonly picture: string;
  };
  readonly repositoriesHint: string;
  readonly tagsHint: string;
  readonly tags: string;
  readonly empty: string;
  readonly gc: string;
  readonly gcTagged: string;
  readonly gcUntagged: string;
  readonly gcAge: string;
  readonly gcGrace: string;
  readonly gcCounting: string;
  readonly gcFailed: string;
  readonly gcStock: string;
}

export const SPACE_WORDS: Words<SpaceWords> = {
  en: {
    title: 'Space',
    all: 'All repositories',
    where: 'Place',
    ofRepository: (name) => `Space of ${name}`,
    total: 'In all',
    shared: 'Shared by several repositories',
    sharedAmongTags: 'Shared by several tags',
    alone: 'Needed by one alone',
    picture: 'Shares of the space',
    others: (count) => `${count} others`,
    columns: {
      repository: 'Repository',
      tag: 'Tag',
      size: 'Size',
      alone: 'Alone',
      share: 'Share',
      picture: 'Picture',
    },
    repositoriesHint:
      'Size is everything that the tags of a repository need, each blob once. Alone is what no other repository needs. Lengths are to scale: filled is alone, hatched is shared.',
    tagsHint:
      'Size is everything behind a tag: all platforms, each blob once. Alone is what comes back if only this tag is removed. Lengths are to scale: filled is alone, hatched is shared with other tags.',
    tags: 'Tags',
    empty: 'Nothing that you may see takes any space yet.',
    gc: 'Garbage collection',
    gcTagged: 'Nothing needs any more',
    gcUntagged: 'With images that no tag reaches',
    gcAge: 'counted',
    gcGrace: 'What was pushed within the last hour is kept. To free it, where the gate runs:',
    gcCounting: 'What it would free is being counted. Reload in a moment.',
    gcFailed: 'What it would free could not be counted: perhaps a collection is under way.',
    gcStock:
      'What it would free is not known: the registry behind the gate does not tell which blobs no image needs.',
  },
  ko: {
    title: '용량',
    all: '전체 저장소',
    where: '위치',
    ofRepository: (name) => `${name} 용량`,
    total: '전체',
    shared: '여러 저장소가 공유',
    sharedAmongTags: '여러 태그가 공유',
    alone: '한 곳에서만 사용',
    picture: '용량 비율',
    others: (count) => `그 외 ${count}개`,
    columns: {
      repository: '저장소',
      tag: '태그',
      size: '크기',
      alone: '단독',
      share: '비율',
      picture: '그래프',
    },
    repositoriesHint:
      '크기는 저장소의 태그에 필요한 전체이며 같은 블롭은 한 번만 셉니다. 단독은 다른 저장소에 필요 없는 부분입니다. 막대 길이는 실제 비율이고, 채운 부분은 단독, 빗금은 공유입니다.',
    tagsHint:
      '크기는 태그에 딸린 전체(모든 플랫폼)이며 같은 블롭은 한 번만 셉니다. 단독은 이 태그만 삭제할 때 확보되는 부분입니다. 막대 길이는 실제 비율이고, 채운 부분은 단독, 빗금은 다른 태그와 공유입니다.',
    tags: '태그',
    empty: '볼 수 있는 저장소 중 용량을 차지하는 것이 아직 없습니다.',
    gc: '가비지 수집',
    gcTagged: '더는 필요 없는 용량',
    gcUntagged: '태그 없는 이미지까지 포함',
    gcAge: '계산 시점:',
    gcGrace: '최근 한 시간 안에 푸시된 내용은 유지됩니다. 게이트가 실행되는 곳에서 수집하세요.',
    gcCounting: '확보할 수 있는 용량을 계산하는 중입니다. 잠시 후 새로 고치세요.',
    gcFailed: '확보할 수 있는 용량을 계산하지 못했습니다. 수집이 진행 중일 수 있습니다.',
    gcStock:
      '확보할 수 있는 용량을 알 수 없습니다. 게이트 뒤의 레지스트리는 필요 없는 블롭을 알려 주지 않습니다.',
  },
};
