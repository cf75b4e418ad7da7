// Reads one text at a time, for apart.ts.
import { parentPort } from "node:worker_threads";
import type { ApartAnswer, ApartQuestion } from "./apart.ts";
import { classify } from "./classify.ts";
import { isSpoiled, loadParser } from "./parse.ts";
import { followed, toTold } from "./told.ts";

const loaded = loadParser();

parentPort?.on("message", async (question: ApartQuestion) => {
  await loaded;
  parentPort?.postMessage(answer(question));
});

function answer({ text, settings, tables }: ApartQuestion): ApartAnswer {
  const statement = classify(text, settings);
  const lineages = tables && statement.detail.lineage();
  const told = tables ? undefined : toTold(statement);
  const columns = lineages && followed(lineages, (name) => tables?.get(name));
  return isSpoiled() ? "spoiled" : { ...(told ? { told } : {}), ...(columns ? { columns } : {}) };
}
