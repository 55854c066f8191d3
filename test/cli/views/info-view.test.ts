import { describe, expect, it } from 'vitest';
import { explainInfoField } from '../../../src/cli/views/info-fields.ts';
import { infoDocument, renderInfo } from '../../../src/cli/views/info-view.ts';
import { plain } from '../../../src/cli/views/paint.ts';
import { parseInfo } from '../../../src/protocol/info.ts';
import { expectGolden } from '../../support/golden.ts';
import { infoFixtures } from '../../protocol/info-fixtures.ts';

const address = { host: '127.0.0.1', port: 6380 };

describe('the info screen', () => {
  for (const [name, text] of Object.entries(infoFixtures)) {
    it(`explains every field of ${name}`, () => {
      const fields = [...parseInfo(text).fields];
      const isExplained = ([field, value]: [string, string]): boolean =>
        explainInfoField(field, value)?.endsWith('.') === true;
      expect(fields.filter((field) => !isExplained(field))).toEqual([]);
    });
  }

  it('draws a replica', () => {
    const fields = [...parseInfo(infoFixtures.redis7Replica).fields];
    const text = renderInfo({ name: '6380', address, fields }, plain);
    expectGolden(text, new URL('golden/info-replica.txt', import.meta.url));
  });

  it("understands Valkey's words", () => {
    expect(explainInfoField('primary_host', 'a')).toBe(explainInfoField('master_host', 'a'));
    expect(explainInfoField('replica0', 'a')).toBe(explainInfoField('slave0', 'a'));
    expect(explainInfoField('replica_repl_offset', '1')).toBe(
      explainInfoField('slave_repl_offset', '1'),
    );
  });

  it('prints a field that it does not know as it is', () => {
    const fields = [['brand_new_field', '42']] as const;
    expect(renderInfo({ name: '6380', address, fields }, plain)).toContain('brand_new_field: 42\n');
    expect(infoDocument({ name: '6380', address, fields }).fields).toEqual([
      { name: 'brand_new_field', value: '42', meaning: null },
    ]);
  });
});
