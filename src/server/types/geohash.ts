/**
 * Places on earth as scores of sorted sets. The rectangle of all longitudes and the latitudes that a
 * web map shows is halved again and again; a cell of step n is one of 2^n × 2^n, and its number has
 * the bits of its two indexes by turns. A place is a cell of step 26: 52 bits, exact in a double, and
 * neighbours mostly have numbers that are close.
 *
 *     bit   51       50      …  1        0
 *           [ long. ][ lat. ] … [ long. ][ lat. ]
 *
 * Pure arithmetic, in the order of operations that gives the very bits of Redis 7.0.
 */

/** Degrees. */
export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

export interface Cell {
  readonly step: number;
  readonly longitudeIndex: number;
  readonly latitudeIndex: number;
}

/** What a cell covers, in degrees. */
export interface Area {
  readonly minLongitude: number;
  readonly maxLongitude: number;
  readonly minLatitude: number;
  readonly maxLatitude: number;
}

export const maxLongitude = 180;
/** Where the square web map ends. */
export const maxLatitude = 85.05112878;
/** The step of places. */
export const placeStep = 26;

/** How many cells of each step are beside each other. */
const cellCounts = Array.from({ length: placeStep + 1 }, (_, step) => 2 ** step);

/** Metres. */
const earthRadius = 6372797.560856;
const radiansPerDegree = Math.PI / 180;

/** Geohashes as others write them cover the poles too, and have 11 characters, the last always 0. */
const textMaxLatitude = 90;
const textLength = 11;
const alphabet = '0123456789bcdefghjkmnpqrstuvwxyz';

/** Numbers are taken apart and put together in pieces of 26 bits, which bit operators can take. */
const pieceSize = 2 ** 26;
const halfPieceBits = 13;
const halfPieceSize = 2 ** halfPieceBits;

// ---- cells ----

export function cellAt({ longitude, latitude }: Place, step: number): Cell {
  return {
    step,
    longitudeIndex: indexOf(longitude, maxLongitude, step),
    latitudeIndex: indexOf(latitude, maxLatitude, step),
  };
}

/** The cell so many to the east and to the north; both directions go round. */
export function neighbour(cell: Cell, east: number, north: number): Cell {
  const { step, longitudeIndex, latitudeIndex } = cell;
  const mask = cellCounts[step] - 1;
  return {
    step,
    longitudeIndex: east === 0 ? longitudeIndex : (longitudeIndex + east) & mask,
    latitudeIndex: north === 0 ? latitudeIndex : (latitudeIndex + north) & mask,
  };
}

export function isSameCell(a: Cell, b: Cell): boolean {
  return (
    a.step === b.step &&
    a.longitudeIndex === b.longitudeIndex &&
    a.latitudeIndex === b.latitudeIndex
  );
}

export function areaOf({ step, longitudeIndex, latitudeIndex }: Cell): Area {
  return {
    minLongitude: degreesAt(longitudeIndex, maxLongitude, step),
    maxLongitude: degreesAt(longitudeIndex + 1, maxLongitude, step),
    minLatitude: degreesAt(latitudeIndex, maxLatitude, step),
    maxLatitude: degreesAt(latitudeIndex + 1, maxLatitude, step),
  };
}

/** The lowest score in a cell, and the lowest beyond it. */
export function scoresOf(cell: Cell): { readonly min: number; readonly beyond: number } {
  const number = interleave(cell.latitudeIndex, cell.longitudeIndex);
  const scale = 2 ** (2 * (placeStep - cell.step));
  return { min: number * scale, beyond: (number + 1) * scale };
}

// ---- places ----

export function scoreOf(place: Place): number {
  return scoresOf(cellAt(place, placeStep)).min;
}

/** The middle of the cell that a score stands for; any score stands for one. */
export function placeOf(score: number): Place {
  const high = Math.floor(score / pieceSize);
  if (!(high >= 0 && high < pieceSize)) return placeOfOddScore(score);
  const low = Math.floor(score - high * pieceSize);
  return placeAt(
    everyOtherBit(low >>> 1) + everyOtherBit(high >>> 1) * halfPieceSize,
    everyOtherBit(low) + everyOtherBit(high) * halfPieceSize,
  );
}

/** The same for scores of more or other than 52 bits. */
function placeOfOddScore(score: number): Place {
  let longitudeIndex = 0;
  let latitudeIndex = 0;
  let scale = 1;
  for (let bits = toUint64(score); bits !== 0n; bits /= BigInt(pieceSize)) {
    const piece = Number(bits % BigInt(pieceSize));
    longitudeIndex += everyOtherBit(piece >>> 1) * scale;
    latitudeIndex += everyOtherBit(piece) * scale;
    scale *= halfPieceSize;
  }
  return placeAt(longitudeIndex, latitudeIndex);
}

/** The middle of a cell of the last step, kept on the map. */
function placeAt(longitudeIndex: number, latitudeIndex: number): Place {
  return {
    longitude: middleOf(longitudeIndex, maxLongitude),
    latitude: middleOf(latitudeIndex, maxLatitude),
  };
}

function middleOf(index: number, limit: number): number {
  const from = degreesAt(index, limit, placeStep);
  const to = degreesAt(index + 1, limit, placeStep);
  return Math.max(-limit, Math.min(limit, (from + to) / 2));
}

/** The geohash that other programs know. */
export function geohashText({ longitude, latitude }: Place): string {
  const number = interleave(
    indexOf(latitude, textMaxLatitude, placeStep),
    indexOf(longitude, maxLongitude, placeStep),
  );
  let text = '';
  for (let bits = 2 * placeStep - 5; bits > 0; bits -= 5) {
    text += alphabet[Math.floor(number / 2 ** bits) % 32];
  }
  return text.padEnd(textLength, alphabet[0]);
}

// ---- distances ----

/** Metres between two places along the surface of a sphere. */
export function distance(a: Place, b: Place): number {
  const v = Math.sin((toRadians(b.longitude) - toRadians(a.longitude)) / 2);
  if (v === 0) return latitudeDistance(a, b);
  const from = toRadians(a.latitude);
  const to = toRadians(b.latitude);
  const u = Math.sin((to - from) / 2);
  return 2 * earthRadius * Math.asin(Math.sqrt(u * u + Math.cos(from) * Math.cos(to) * v * v));
}

/** Metres between the latitudes of two places. */
export function latitudeDistance(a: Place, b: Place): number {
  return earthRadius * Math.abs(toRadians(b.latitude) - toRadians(a.latitude));
}

/** How many degrees so many metres are on a great circle, or on one that is smaller by `shrink`. */
export function degreesOf(metres: number, shrink = 1): number {
  return metres / earthRadius / shrink / radiansPerDegree;
}

export function toRadians(degrees: number): number {
  return degrees * radiansPerDegree;
}

// ---- inside ----

/** Which of 2^step equal parts of −limit … limit a coordinate lies in; the limit itself is behind the last. */
function indexOf(degrees: number, limit: number, step: number): number {
  return Math.trunc(((degrees + limit) / (limit + limit)) * cellCounts[step]);
}

/** Where the part with this index begins. */
function degreesAt(index: number, limit: number, step: number): number {
  return -limit + (index / cellCounts[step]) * (limit + limit);
}

/** The bits of two indexes by turns, the first one's lowest. */
function interleave(even: number, odd: number): number {
  const mask = (1 << halfPieceBits) - 1;
  const low = spread(even & mask) | (spread(odd & mask) << 1);
  const high = spread(even >>> halfPieceBits) | (spread(odd >>> halfPieceBits) << 1);
  return high * pieceSize + low;
}

/** Puts a 0 before each of up to 16 bits. */
function spread(bits: number): number {
  let wide = (bits | (bits << 8)) & 0x00ff00ff;
  wide = (wide | (wide << 4)) & 0x0f0f0f0f;
  wide = (wide | (wide << 2)) & 0x33333333;
  return (wide | (wide << 1)) & 0x55555555;
}

/** The other way round: bits 0, 2, 4 … as bits 0, 1, 2 … */
function everyOtherBit(bits: number): number {
  let dense = bits & 0x55555555;
  dense = (dense | (dense >>> 1)) & 0x33333333;
  dense = (dense | (dense >>> 2)) & 0x0f0f0f0f;
  dense = (dense | (dense >>> 4)) & 0x00ff00ff;
  return (dense | (dense >>> 8)) & 0x0000ffff;
}

/** What becomes of any double in a conversion to 64 bits without sign. [gcc on x86-64] */
function toUint64(score: number): bigint {
  if (score >= 2 ** 63) return score < 2 ** 64 ? BigInt(score) : 0n;
  if (score < -(2 ** 63)) return 2n ** 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(score)));
}
