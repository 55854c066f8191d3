/** The least that is a Value: it takes the memory that it is told to. */
import { type Value, valueTypes } from '../../../../src/server/types/value.ts';

export interface TestValue extends Value {
  memoryBytes: number;
}

export function testValue(memoryBytes: number): TestValue {
  return {
    type: valueTypes.list,
    encoding: 'test',
    size: 1,
    accountedBytes: 0,
    memoryBytes,
    copy() {
      return testValue(this.memoryBytes);
    },
  };
}
