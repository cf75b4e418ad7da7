/** A JSON object whose keys are in one case, so that no field hides behind another spelling of its name. */
export interface Folded {
  readonly [key: string]: FoldedValue;
}
export type FoldedValue = string | number | boolean | null | Folded | readonly FoldedValue[];

/** Levels of a body. Kubernetes' own objects have about twelve. */
export const deepest = 100;

/**
 * Upper and lower case are one to Go's encoding/json, which extension API servers may read with (`Privileged`, `PRIVILEGED`,
 * and `priviſeged`'s kin: U+017F folds to s, U+212A to k). kube-apiserver itself drops such fields (recorded, v1.20): to
 * count them is the safe side. undefined: two keys of one object fall together, or it is too deep.
 */
export function fold(value: unknown, depth = 0): FoldedValue | undefined {
  if (depth > deepest) return undefined;
  if (Array.isArray(value)) {
    const items: FoldedValue[] = [];
    for (const item of value) {
      const folded = fold(item, depth + 1);
      if (folded === undefined) return undefined;
      items.push(folded);
    }
    return items;
  }
  if (typeof value !== "object" || value === null) return value as string | number | boolean | null;
  const object: Record<string, FoldedValue> = Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    const name = foldedName(key);
    const folded = fold(inner, depth + 1);
    if (folded === undefined || name in object) return undefined;
    object[name] = folded;
  }
  return object;
}

const foldedName = (key: string): string => (/^[a-z0-9]*$/.test(key) ? key : key.toUpperCase().toLowerCase());

export function isObject(value: FoldedValue | undefined): value is Folded {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field by its name as the API writes it. */
export const fieldOf = (object: Folded | undefined, name: string): FoldedValue | undefined =>
  object?.[name.toLowerCase()];

export function objectIn(object: Folded | undefined, name: string): Folded | undefined {
  const value = fieldOf(object, name);
  return isObject(value) ? value : undefined;
}

export function textIn(object: Folded | undefined, name: string): string | undefined {
  const value = fieldOf(object, name);
  return typeof value === "string" ? value : undefined;
}

/** A list, or what stands where one should: a single object counts as a list of one. */
export function listIn(object: Folded | undefined, name: string): readonly FoldedValue[] {
  const value = fieldOf(object, name);
  if (value === undefined || value === null) return [];
  return isList(value) ? value : [value];
}

export const objectsIn = (object: Folded | undefined, name: string): readonly Folded[] =>
  listIn(object, name).filter(isObject);

/** Neither absent nor the value that an absent one stands for. What should be a boolean and is not, counts. */
export const isSet = (value: FoldedValue | undefined): boolean =>
  value !== undefined && value !== null && value !== false && value !== 0 && value !== "";

export const isList = (value: FoldedValue): value is readonly FoldedValue[] => Array.isArray(value);
