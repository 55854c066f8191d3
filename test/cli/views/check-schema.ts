/** As much of JSON Schema as our schemas use. Returns what does not fit, each with its path. */
interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
}

export function schemaProblems(schema: object, value: unknown, path = '$'): string[] {
  const {
    type,
    enum: values,
    const: only,
    properties = {},
    required = [],
    items,
  } = schema as Schema;
  if (only !== undefined && value !== only) return [`${path} is not ${JSON.stringify(only)}`];
  if (values !== undefined) return values.includes(value) ? [] : [`${path} is none of the values`];
  const types = [type ?? []].flat();
  if (types.length > 0 && !types.includes(typeOf(value))) return [`${path} is ${typeOf(value)}`];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => schemaProblems(items ?? {}, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const record = value as Record<string, unknown>;
  const missing = required
    .filter((name) => !(name in record))
    .map((name) => `${path}.${name} is missing`);
  const fields = Object.entries(record).flatMap(([name, field]) =>
    name in properties
      ? schemaProblems(properties[name], field, `${path}.${name}`)
      : [`${path}.${name} is not in the schema`],
  );
  return [...missing, ...fields];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
