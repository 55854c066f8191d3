/** What the commands on places share: how places, distances and units are written and replied. */

import { formatDouble, formatFixed, formatPlaces } from '../../util/double.ts';
import type { Call } from '../call.ts';
import { maxLatitude, maxLongitude, type Place } from '../types/geohash.ts';
import { scoreArgument } from './zset-arguments.ts';

/** Metres. */
const units: readonly (readonly [name: string, metres: number])[] = [
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
];

/** Distances are shown with so many places after the point. */
const distancePlaces = 4;
/** From here on JavaScript writes exponents, and every double is whole. */
const firstWithExponent = 1e21;

/** The place in two arguments; null after an error. */
export function placeArguments(call: Call, index: number): Place | null {
  const longitude = scoreArgument(call, index);
  if (Number.isNaN(longitude)) return null;
  const latitude = scoreArgument(call, index + 1);
  if (Number.isNaN(latitude)) return null;
  if (Math.abs(longitude) <= maxLongitude && Math.abs(latitude) <= maxLatitude) {
    return { longitude, latitude };
  }
  const pair = `${formatCoordinate(longitude)},${formatCoordinate(latitude)}`;
  call.error(`ERR invalid longitude,latitude pair ${pair}`);
  return null;
}

/** As `%f` prints it. */
function formatCoordinate(degrees: number): string {
  if (Math.abs(degrees) < firstWithExponent) return formatFixed(degrees, 6);
  return Number.isFinite(degrees) ? `${BigInt(degrees)}.000000` : formatDouble(degrees);
}

/** The metres of the unit in an argument; NaN after an error. */
export function unitArgument(call: Call, index: number): number {
  const unit = units.find(([name]) => call.is(index, name));
  if (unit !== undefined) return unit[1];
  call.error('ERR unsupported unit provided. please use M, KM, FT, MI');
  return NaN;
}

export function replyDistance(call: Call, distance: number): void {
  call.reply.bulkText(formatFixed(distance, distancePlaces));
}

export function replyPlace({ reply }: Call, { longitude, latitude }: Place): void {
  reply.array(2);
  reply.double(formatPlaces(longitude));
  reply.double(formatPlaces(latitude));
}
