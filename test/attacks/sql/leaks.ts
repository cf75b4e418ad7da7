import { Canaries } from "../../canary.ts";
import type { Attack } from "./attack.ts";
import { cellsOf, type Played } from "./play.ts";
import { elsewhere, secrets } from "./world.ts";

const canaries = new Canaries(...secrets.shop, ...secrets.twin, elsewhere);
/** An attacker who gets a part of each has got them: `ada.canary-0417`. */
const parts = new Canaries(
  ...[...secrets.shop, ...secrets.twin, elsewhere].map((one) => one.replace(/@.*/, "")),
);

/**
 * Which secrets are in what a caller got: plain or encoded, backwards, cut into cells, as the codes of their
 * characters. One line for each. What the caller wrote and a syntax error points at is no news to it.
 */
export function leaksIn({ wire }: Played, { sql }: Attack): string[] {
  const said = JSON.stringify(sql);
  const bodies = wire.map(({ type, body }) => (type === "E" ? withoutPointing(body, said) : body));
  const rows = wire.filter(({ type }) => type === "D").map(({ body }) => cellsOf(body));
  const byRow = rows.flat().map((cell) => cell ?? Buffer.alloc(0));
  const widest = Math.max(0, ...rows.map(({ length }) => length));
  const byColumn = Array.from({ length: widest }, (_, column) =>
    rows.map((row) => row[column] ?? Buffer.alloc(0)),
  ).flat();
  const views: Record<string, Buffer> = {
    message: Buffer.concat(bodies),
    "cells by row": Buffer.concat(byRow),
    "cells by column": Buffer.concat(byColumn),
    "codes by row": Buffer.from(characters(byRow)),
    "codes by column": Buffer.from(characters(byColumn)),
  };
  return Object.entries(views).flatMap(([where, bytes]) => [
    ...found(where, bytes),
    ...found(`${where}, backwards`, Buffer.from(bytes).reverse()),
  ]);
}

function withoutPointing(body: Buffer, said: string): Buffer {
  const words = body.toString().replace(/ at or near "([\s\S]*?)"(?=[\0:])/g, (whole, near: string) => {
    return said.includes(JSON.stringify(near).slice(1, -1)) ? "" : whole;
  });
  return Buffer.from(words);
}

function found(where: string, bytes: Buffer): string[] {
  return bytes.length === 0 ? [] : [...canaries.inBytes(where, bytes), ...parts.inBytes(where, bytes)];
}

/** Numbers of cells, or of a list in one (`{97,100}`, `97 100`), as the characters that they number. */
function characters(cells: readonly Buffer[]): string {
  const codes = cells.flatMap((cell) => cell.toString("latin1").match(/\d+/g) ?? []);
  return codes.map((code) => (Number(code) < 0x110000 ? String.fromCodePoint(Number(code)) : "")).join("");
}

/** Ids, and the names of the two worlds in a refusal. */
const varying = /\b(?:(ses_|ref_|op_)\w+|shop\b|twin\b)/g;

/**
 * What a caller could compare of two worlds that differ in masked values only: all of it, but for what differs each
 * time. Where it is not equal, a masked value shows through.
 */
export function comparable({ wire }: Played): string {
  return wire
    .filter(({ type }) => type !== "S")
    .map(({ type, body }) => `${type} ${body.toString("latin1").replace(varying, "$1")}`)
    .join("\n");
}
