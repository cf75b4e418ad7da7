import { PosternError } from "../error.ts";
import type { OpenIdentityProvider } from "../identity.ts";
import type { Policy } from "../policy.ts";
import type { OpenSignalSource, WebFace } from "../web.ts";

export type FaceKind = "identity" | "signals";

/** What a policy's plugins answer over HTTP, by kind and path. */
export type Faces = Readonly<Record<FaceKind, ReadonlyMap<string, WebFace>>>;

/** The policy's signal sources, in its order. Rejects, with none left open, when one refuses. */
export async function openSignals(policy: Policy): Promise<OpenSignalSource[]> {
  const open: OpenSignalSource[] = [];
  try {
    for (const source of policy.signals) open.push(await source.open());
  } catch (error) {
    for (const source of open) source.close?.();
    throw error;
  }
  return open;
}

/** Throws PosternError `web.path`. */
export function facesOf(
  providers: readonly OpenIdentityProvider[],
  signals: readonly OpenSignalSource[],
): Faces {
  return {
    identity: byPath(
      "identity",
      providers.flatMap(({ web }) => web ?? []),
    ),
    signals: byPath(
      "signals",
      signals.map(({ web }) => web),
    ),
  };
}

function byPath(kind: FaceKind, faces: readonly WebFace[]): ReadonlyMap<string, WebFace> {
  const found = new Map<string, WebFace>();
  for (const face of faces) {
    const { path } = face;
    if (!/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/.test(path)) {
      throw new PosternError("web.path", `"${path}" under \`${kind}\` is no part of a path.`, {
        hint: "Letters, digits, `.`, `-` and `_` are.",
      });
    }
    if (found.has(path)) {
      throw new PosternError("web.path", `Two plugins under \`${kind}\` answer at /${kind}/${path}/.`, {
        hint: "Give one of them another path (see its page).",
      });
    }
    found.set(path, face);
  }
  return found;
}
