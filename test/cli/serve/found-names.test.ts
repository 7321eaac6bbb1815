import { describe, expect, it } from 'vitest';
import { planNames } from '../../../src/cli/serve/found-names.ts';

describe('planNames', () => {
  it('remembers at the first start what was found, and not what was given', () => {
    expect(planNames([], [], { given: ['registry.lan'], found: ['build', '10.0.0.5', 'localhost'] })).toEqual(
      {
        names: ['registry.lan', 'build', '10.0.0.5', 'localhost'],
        added: ['registry.lan', 'build', '10.0.0.5', 'localhost'],
        dropped: [],
        found: ['build', '10.0.0.5', 'localhost'],
      },
    );
  });

  it('drops an address that the machine lost, and takes the one that it has', () => {
    const plan = planNames(['registry.lan', '10.0.0.5', 'localhost'], ['10.0.0.5', 'localhost'], {
      given: [],
      found: ['10.0.0.6', 'localhost'],
    });
    expect(plan).toEqual({
      names: ['registry.lan', 'localhost', '10.0.0.6'],
      added: ['10.0.0.6'],
      dropped: ['10.0.0.5'],
      found: ['10.0.0.6', 'localhost'],
    });
  });

  it('keeps what a person gave, also where it was found too', () => {
    const first = planNames([], [], { given: ['10.0.0.5'], found: ['10.0.0.5', 'localhost'] });
    expect(first.found).toEqual(['localhost']);
    expect(planNames(first.names, first.found, { given: [], found: ['localhost'] }).dropped).toEqual([]);
  });

  it('keeps what a person gives after it was found', () => {
    const plan = planNames(['10.0.0.5'], ['10.0.0.5'], { given: ['10.0.0.5'], found: ['10.0.0.5'] });
    expect(plan).toMatchObject({ dropped: [], found: [] });
  });

  it('drops nothing of a certificate of which nothing is remembered', () => {
    expect(planNames(['10.0.0.5', 'old.lan'], [], { given: [], found: ['localhost'] }).dropped).toEqual([]);
  });
});
