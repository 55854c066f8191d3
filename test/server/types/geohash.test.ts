import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cellsOf, distanceWithin, type Shape } from '../../../src/server/types/geo-shape.ts';
import {
  distance,
  geohashText,
  maxLatitude,
  maxLongitude,
  type Place,
  placeOf,
  scoreOf,
  scoresOf,
} from '../../../src/server/types/geohash.ts';

const place: fc.Arbitrary<Place> = fc.record({
  longitude: fc.double({ min: -maxLongitude, max: maxLongitude, noNaN: true }),
  latitude: fc.double({ min: -maxLatitude, max: maxLatitude, noNaN: true }),
});

/** Half a cell of step 26, in degrees. */
const precision = 360 / 2 ** 27;

it('knows a place again to half a cell, by a score that stays', () => {
  fc.assert(
    fc.property(place, ({ longitude, latitude }) => {
      const score = scoreOf({ longitude, latitude });
      const found = placeOf(score);
      expect(Math.abs(found.longitude - longitude)).toBeLessThanOrEqual(precision * 1.01);
      expect(Math.abs(found.latitude - latitude)).toBeLessThanOrEqual(precision * 1.01);
      // At the very edge the index is one behind the last, which takes a bit more.
      if (Math.max(Math.abs(longitude) - maxLongitude, Math.abs(latitude) - maxLatitude) < -1e-9) {
        expect(scoreOf(found)).toBe(score);
        expect(Number.isSafeInteger(score)).toBe(true);
      }
    }),
  );
});

it('writes the geohashes that others write', () => {
  // [https://en.wikipedia.org/wiki/Geohash]
  expect(geohashText({ longitude: -5.6, latitude: 42.6 }).slice(0, 5)).toBe('ezs42');
  expect(geohashText({ longitude: 10.40744, latitude: 57.64911 }).slice(0, 10)).toBe('u4pruydqqv');
});

it('measures along great circles', () => {
  const pole = { longitude: 0, latitude: 90 };
  const equator = { longitude: 77, latitude: 0 };
  const quarter = (Math.PI / 2) * 6372797.560856;
  expect(distance(pole, equator)).toBeCloseTo(quarter, 5);
  expect(distance(equator, { longitude: -13, latitude: 0 })).toBeCloseTo(quarter, 5);
  expect(distance(equator, equator)).toBe(0);
});

const size = fc.double({ min: 0, max: 500_000, noNaN: true });
/** Away from the seam of the map, over which cells do not reach. */
const centre: fc.Arbitrary<Place> = fc.record({
  longitude: fc.double({ min: -160, max: 160, noNaN: true }),
  latitude: fc.double({ min: -75, max: 75, noNaN: true }),
});
const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ kind: fc.constant('circle' as const), centre, radius: size }),
  fc.record({ kind: fc.constant('box' as const), centre, width: size, height: size }),
);
const offset = fc.double({ min: -6, max: 6, noNaN: true });

it('covers every place in a shape with its cells', () => {
  fc.assert(
    fc.property(shape, fc.array(fc.tuple(offset, offset), { maxLength: 30 }), (where, offsets) => {
      const cells = cellsOf(where).map(scoresOf);
      for (const [east, north] of offsets) {
        const score = scoreOf({
          longitude: where.centre.longitude + east,
          latitude: where.centre.latitude + north,
        });
        if (Number.isNaN(distanceWithin(where, placeOf(score)))) continue;
        expect(cells.some(({ min, beyond }) => min <= score && score < beyond)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
