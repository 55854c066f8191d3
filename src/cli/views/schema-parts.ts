/** Parts from which the JSON schemas of the documents are put together. Only literals. */

export const text = (description: string): object => ({ type: 'string', description });
export const textOrNull = (description: string): object => ({
  type: ['string', 'null'],
  description,
});
export const numberOrNull = (description: string): object => ({
  type: ['integer', 'null'],
  description,
});
export const count = (description: string): object => ({ type: 'integer', description });
export const truth = (description: string): object => ({ type: 'boolean', description });
export const listOf = (items: object, description: string): object => ({
  type: 'array',
  items,
  description,
});

/** All properties are required and no others are there: what is unknown is null. */
export function record(properties: Readonly<Record<string, object>>): object {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** A whole document, which begins with the name and the version of its schema. */
export function documentSchema(
  { name, version }: { readonly name: string; readonly version: number },
  properties: Readonly<Record<string, object>>,
): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${name} version ${version}`,
    ...record({ schema: { const: name }, version: { const: version }, ...properties }),
  };
}
