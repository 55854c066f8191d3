/**
 * Circles and boxes on earth, and the cells that cover them: a search looks through the scores of the
 * cell around the centre and of up to eight around it, and asks of each place whether it is inside.
 * Cells and their order are those of Redis 7.0: without sorting, results come in it.
 */
import {
  type Area,
  areaOf,
  type Cell,
  cellAt,
  degreesOf,
  distance,
  latitudeDistance,
  neighbour,
  type Place,
  placeStep,
  toRadians,
} from './geohash.ts';

/** Metres. */
export type Shape = { readonly centre: Place } & (
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'box'; readonly width: number; readonly height: number }
);

/** Half the circumference of the earth on the web map, in metres. */
const mapHalf = 20037726.37;
/** From these latitudes on, in degrees, cells are clearly narrower: one step or two larger ones serve. */
const narrowLatitude = 66;
const narrowestLatitude = 80;

/** The cells around the middle one: how far to the east and to the north of it, in the order of search. */
const around: readonly (readonly [east: number, north: number])[] = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** Metres from the centre to a place in the shape, NaN outside. */
export function distanceWithin(shape: Shape, place: Place): number {
  const { centre } = shape;
  if (shape.kind === 'box') {
    if (latitudeDistance(centre, place) > shape.height / 2) return NaN;
    // Along the place's own circle of latitude.
    const beside = { longitude: centre.longitude, latitude: place.latitude };
    return distance(place, beside) > shape.width / 2 ? NaN : distance(centre, place);
  }
  const metres = distance(centre, place);
  return metres > shape.radius ? NaN : metres;
}

/** The cells to be searched, in order; near the edge of the map one may come twice. */
export function cellsOf(shape: Shape): Cell[] {
  const bounds = boundsOf(shape);
  let step = estimateStep(reachOf(shape), shape.centre.latitude);
  if (step > 1 && !reaches(cellAt(shape.centre, step), bounds)) step--;
  const middle = cellAt(shape.centre, step);
  const area = areaOf(middle);
  const cells = [middle];
  for (const [east, north] of around) {
    if (step < 2 || isNeeded(area, bounds, east, north)) cells.push(neighbour(middle, east, north));
  }
  return cells;
}

/** How far from the centre a place can be. */
function reachOf(shape: Shape): number {
  if (shape.kind === 'circle') return shape.radius;
  return Math.sqrt((shape.width / 2) ** 2 + (shape.height / 2) ** 2);
}

/** The step of cells of which three in a row hold twice the reach. */
function estimateStep(reach: number, latitude: number): number {
  if (reach === 0) return placeStep;
  let step = 1;
  for (let metres = reach; metres < mapHalf; metres *= 2) step++;
  step -= 2;
  if (Math.abs(latitude) > narrowLatitude) step--;
  if (Math.abs(latitude) > narrowestLatitude) step--;
  return Math.min(placeStep, Math.max(1, step));
}

/** A rectangle of degrees around the shape, measured along its wider edge. */
function boundsOf(shape: Shape): Area {
  const { longitude, latitude } = shape.centre;
  const [width, height] =
    shape.kind === 'circle' ? [shape.radius, shape.radius] : [shape.width / 2, shape.height / 2];
  const north = degreesOf(height);
  // Longitudes are closest together at the edge that is nearer to a pole.
  const edge = latitude < 0 ? latitude - north : latitude + north;
  const east = degreesOf(width, Math.cos(toRadians(edge)));
  return {
    minLongitude: longitude - east,
    maxLongitude: longitude + east,
    minLatitude: latitude - north,
    maxLatitude: latitude + north,
  };
}

/** Whether the cell and its neighbours reach to the bounds in all four directions. */
function reaches(middle: Cell, bounds: Area): boolean {
  return (
    areaOf(neighbour(middle, 0, 1)).maxLatitude >= bounds.maxLatitude &&
    areaOf(neighbour(middle, 0, -1)).minLatitude <= bounds.minLatitude &&
    areaOf(neighbour(middle, 1, 0)).maxLongitude >= bounds.maxLongitude &&
    areaOf(neighbour(middle, -1, 0)).minLongitude <= bounds.minLongitude
  );
}

/** Whether the shape goes over the middle cell's edge on the side of a neighbour. */
function isNeeded(middle: Area, bounds: Area, east: number, north: number): boolean {
  if (north < 0 && middle.minLatitude < bounds.minLatitude) return false;
  if (north > 0 && middle.maxLatitude > bounds.maxLatitude) return false;
  if (east < 0 && middle.minLongitude < bounds.minLongitude) return false;
  return !(east > 0 && middle.maxLongitude > bounds.maxLongitude);
}
