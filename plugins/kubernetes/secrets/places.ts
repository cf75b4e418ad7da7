/** What an operator names beside Secrets themselves. */
export interface Named {
  /** Whether the value of an environment variable of this name is secret. */
  environment(name: string): boolean;
  /** Whether the value under this key of a ConfigMap is secret. */
  configMap(key: string): boolean;
}

/** Where one secret value stands. `base64`: only that can stand there. */
export type Encoding = "base64" | "text";

/** What to put in the place of a value: the same one leaves it. */
export type Substitute = (value: unknown, encoding: Encoding) => unknown;

/** What is known of the place that a value stands in. */
interface Around {
  readonly secret: boolean;
  readonly configMap: boolean;
}

const nowhere: Around = { secret: false, configMap: false };

/** No object of the API is deeper; what is goes as null. */
const deepest = 200;
/** Tools keep what they applied in annotations, packed: gzip or zip in base64 (Rancher, Banzai Cloud). */
const packed = /^(?:H4sI|UEsDB)[A-Za-z0-9+/=_-]{28,}$/;
/** What `kubectl apply` remembers: the object in JSON. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
/** Annotations of Secrets that say whose they are. Others may hold anything, a copy of a value too. */
const telling =
  /^(?:kubernetes\.io|(?:meta\.)?helm\.sh|cert-manager\.io|argocd\.argoproj\.io|[a-z.]*fluxcd\.io)\//;

/**
 * A document with all secret values in it replaced; the same object where there are none. Secrets are known by their
 * kind wherever they stand (lists, watch events, rows of a Table, templates, JSON in annotations), and by `ofSecrets`: the
 * request was for them, since items of a list do not say their kind.
 */
export function replaced(
  value: unknown,
  named: Named,
  substitute: Substitute,
  ofSecrets: boolean,
  ofConfigMaps = false,
): unknown {
  const around = { ...nowhere, secret: ofSecrets, configMap: ofConfigMaps };
  return new Places(named, substitute).of(value, around, 0);
}

class Places {
  constructor(
    readonly named: Named,
    readonly substitute: Substitute,
  ) {}

  of(value: unknown, around: Around, depth: number): unknown {
    if (typeof value === "string") return this.#text(value, around, depth);
    if (typeof value !== "object" || value === null) return value;
    if (depth > deepest) return null;
    return Array.isArray(value)
      ? mapped(value, (item) => this.of(item, around, depth + 1))
      : this.#object(value as Record<string, unknown>, around, depth);
  }

  #object(object: Record<string, unknown>, outer: Around, depth: number): unknown {
    const kind = own(object, "kind");
    const around = aroundOf(kind, outer);
    const release = around.configMap && own(own(own(object, "metadata"), "labels"), "owner") === "helm";
    const variable = own(object, "name");
    const secretVariable = typeof variable === "string" && this.named.environment(variable);
    return changed(object, (key, field) => {
      const name = key.toLowerCase();
      if (around.secret && (name === "data" || name === "stringdata"))
        return this.#all(field, name === "data" ? "base64" : "text", depth, () => true);
      if (around.configMap && (name === "data" || name === "binarydata")) {
        const is = (each: string) => this.named.configMap(each) || (release && each === "release");
        return this.#all(field, name === "data" ? "text" : "base64", depth + 1, is);
      }
      if (name === "value" && secretVariable) return this.#leaf(field, "text");
      if (name === "status" && kind === "TokenRequest") return this.#token(field);
      if (name === "annotations") return this.#annotations(field, around, depth);
      return this.of(field, around, depth + 1);
    });
  }

  /** Each value under the names that are secret, whatever it is. */
  #all(field: unknown, encoding: Encoding, depth: number, is: (key: string) => boolean): unknown {
    if (Array.isArray(field)) return mapped(field, (item) => this.#leaf(item, encoding));
    if (typeof field !== "object" || field === null) return this.#leaf(field, encoding);
    return changed(field as Record<string, unknown>, (key, value) =>
      is(key) ? this.#leaf(value, encoding) : this.of(value, nowhere, depth),
    );
  }

  #leaf(value: unknown, encoding: Encoding): unknown {
    return value === null || value === "" ? value : this.substitute(value, encoding);
  }

  #token(field: unknown): unknown {
    if (typeof field !== "object" || field === null) return field;
    return changed(field as Record<string, unknown>, (key, value) =>
      key.toLowerCase() === "token" ? this.#leaf(value, "text") : value,
    );
  }

  #annotations(field: unknown, around: Around, depth: number): unknown {
    if (typeof field !== "object" || field === null) return this.#text(field, around, depth);
    return changed(field as Record<string, unknown>, (key, value) => {
      if (typeof value !== "string") return this.of(value, around, depth + 1);
      const hides = around.secret && key !== lastApplied && !telling.test(key);
      return hides || packed.test(value) ? this.#leaf(value, "text") : this.#text(value, around, depth + 1);
    });
  }

  /** A text that is an object in JSON itself: what `kubectl apply` remembers. */
  #text(value: unknown, around: Around, depth: number): unknown {
    if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
    let inner: unknown;
    try {
      inner = JSON.parse(value);
    } catch {
      return around.secret ? this.substitute(value, "text") : value;
    }
    const shown = this.of(inner, around, depth + 1);
    // Of a key that is there twice JSON.parse has seen only one.
    return shown === inner && !around.secret ? value : JSON.stringify(shown);
  }
}

function aroundOf(kind: unknown, outer: Around): Around {
  if (outer.secret || kind === "Secret" || kind === "SecretList") return { secret: true, configMap: false };
  return kind === "ConfigMap" || kind === "ConfigMapList" ? { secret: false, configMap: true } : outer;
}

function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function mapped(items: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  const shown = items.map(map);
  return shown.some((item, index) => item !== items[index]) ? shown : items;
}

function changed(
  object: Record<string, unknown>,
  map: (key: string, value: unknown) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(object);
  const shown = entries.map(([key, value]): [string, unknown] => [key, map(key, value)]);
  return shown.some(([, value], index) => value !== entries[index]?.[1]) ? Object.fromEntries(shown) : object;
}
