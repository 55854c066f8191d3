/** Append-only files as the tests of persistence look into them. */
import { RequestReader } from '../../../../src/protocol/request-reader.ts';

/** The words of each request in a file of nothing else. */
export function requestsIn(file: Buffer): Buffer[][] {
  const reader = new RequestReader(() => []);
  const requests: Buffer[][] = [];
  for (let at = 0; at < file.length;) {
    at = reader.parse(file, at, file.length, true);
    const { argc, argStart, argEnd } = reader;
    requests.push(
      Array.from({ length: argc }, (_, index) => file.subarray(argStart[index], argEnd[index])),
    );
  }
  return requests;
}
