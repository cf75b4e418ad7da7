import { shown, tableOf } from "./cluster.ts";
import type { JsonObject, KubeObject } from "./json.ts";
import { mediaTypes, type Negotiated, negotiate } from "./media.ts";
import { toProtobuf, watchFrame } from "./protobuf/envelope.ts";
import { selectorOf } from "./read.ts";
import type { Request } from "./request.ts";
import { ApiError, expired, flaw, invalid } from "./status.ts";
import type { Change } from "./store.ts";
import { tableOf as asTable, partial } from "./table.ts";

/** Where a watch writes: one call an event. */
export interface Sink {
  send(event: Buffer): void;
  end(): void;
}

/** A watch that is ready to begin. */
export interface Watch {
  readonly type: string;
  /** Sends what there is and then what comes, until the time is over; returns how to stop it. */
  start(sink: Sink): () => void;
}

/** Throws where it is refused; an expired revision is an ERROR event, as the real server does. */
export function watch(request: Request): Watch {
  const { cluster, target, resource } = request;
  const { query } = target;
  const how = negotiate(request.accept, false, !resource.custom);
  checkOptions(request);
  const asked = query.get("resourceVersion") ?? "";
  if (asked !== "" && !/^\d+$/.test(asked))
    throw new ApiError(
      cluster.version === "1.20" ? 500 : 400,
      `resourceVersion: Invalid value: "${asked}": strconv.ParseUint: parsing "${asked}": invalid syntax`,
    );
  const selects = selectorOf(request);
  const namespace = resource.namespaced ? target.namespace : "";
  const table = tableOf(resource);
  const initial = query.get("sendInitialEvents") === "true";
  const type = how.format === "protobuf" ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json;
  return {
    type,
    start(sink) {
      const { store } = cluster;
      let columns = true;
      const send = (event: string, object: JsonObject) => sink.send(encoded(how, event, object));
      const tell = (event: string, object: KubeObject) => {
        send(event, formed(request, how, shown(resource, object), columns));
        columns = false;
      };
      const change = (one: Change) => {
        if (one.table !== table || (namespace !== "" && one.object.metadata.namespace !== namespace)) return;
        const now = one.type !== "DELETED" && selects(one.object);
        const before = one.previous !== undefined && selects(one.previous);
        if (now) tell(before ? "MODIFIED" : "ADDED", one.object);
        else if (before)
          tell("DELETED", {
            ...(one.type === "DELETED" ? one.object : (one.previous ?? one.object)),
            metadata: {
              ...(one.type === "DELETED" ? one.object : (one.previous ?? one.object)).metadata,
              resourceVersion: String(one.revision),
            },
          });
      };
      const bookmark = (end: boolean) => {
        const metadata = {
          resourceVersion: String(store.revision),
          creationTimestamp: null,
          ...(end ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
        };
        send(
          "BOOKMARK",
          formed(request, how, shown(resource, { kind: "", apiVersion: "", metadata }), false),
        );
      };
      if (asked === "" || asked === "0" || initial) {
        for (const object of store.list(table, namespace)) if (selects(object)) tell("ADDED", object);
        if (initial) bookmark(true);
      } else {
        const past = store.since(table, Number(asked));
        if (past === undefined) {
          send("ERROR", expired(`too old resource version: ${asked} (${store.revision})`).status);
          sink.end();
          return () => undefined;
        }
        for (const one of past) change(one);
      }
      const stop = store.listen(change);
      const marks = query.get("allowWatchBookmarks") === "true";
      const beat = marks ? setInterval(() => bookmark(false), 1000) : undefined;
      const seconds = Number(query.get("timeoutSeconds") ?? 0);
      const finish = () => {
        stop();
        clearInterval(beat);
        clearTimeout(timer);
      };
      const timer =
        seconds > 0
          ? setTimeout(() => {
              if (marks) bookmark(false);
              finish();
              sink.end();
            }, seconds * 1000)
          : undefined;
      return finish;
    },
  };
}

function checkOptions({ cluster, target }: Request): void {
  const { query } = target;
  const match = query.get("resourceVersionMatch") ?? "";
  const initial = query.get("sendInitialEvents");
  const allowed = cluster.version !== "1.20" && initial !== null && match === "NotOlderThan";
  if (match !== "" && !allowed)
    throw invalid("ListOptions", "meta.k8s.io", "", [
      flaw("Forbidden", "resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden for watch"),
      ...(cluster.version === "1.20" && (query.get("resourceVersion") ?? "") === ""
        ? [
            flaw(
              "Forbidden",
              "resourceVersionMatch",
              "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ),
          ]
        : []),
    ]);
}

function formed(request: Request, how: Negotiated, object: KubeObject, columns: boolean): JsonObject {
  if (how.shape === "Table") {
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const include = request.target.query.get("includeObject") ?? "Metadata";
    const table = asTable(request.resource, [object], metadata, how.version, include);
    return columns ? table : { ...table, columnDefinitions: null };
  }
  return how.shape === "object" ? object : partial(object, how.version);
}

function encoded(how: Negotiated, type: string, object: JsonObject): Buffer {
  const bytes = how.format === "protobuf" ? toProtobuf(object) : undefined;
  return bytes ? watchFrame(type, bytes) : Buffer.from(`${JSON.stringify({ type, object })}\n`);
}
