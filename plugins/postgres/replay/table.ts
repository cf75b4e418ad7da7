import { stringWidth } from "bun";
import { CellWalker, type RowField } from "../wire/rows.ts";
import { cellText, isNumber, visible } from "./value.ts";

/** Rows and characters kept until the widths of the columns are settled. */
const maxRows = 500;
const maxText = 256 * 1024;

/** One result, aligned as psql does. A long one is shown in blocks, with the widths of the first. */
export class Table {
  rows = 0;
  readonly #fields: readonly RowField[] | undefined;
  readonly #cells = new CellWalker();
  #block: string[][] = [];
  #text = 0;
  #widths: number[] | undefined;

  /** Without fields (nobody asked for their description) the columns are numbered. */
  constructor(fields: readonly RowField[] | undefined) {
    this.#fields = fields;
  }

  /** Takes the body of a DataRow; returns what is to be shown by now. */
  row(body: Buffer): string {
    const count = this.#cells.open(body, 0, body.length);
    const fields = this.#fields?.length === count ? this.#fields : undefined;
    const row: string[] = [];
    while (this.#cells.next()) {
      const { index, start, length } = this.#cells;
      const text = length === -1 ? "" : cellText(body.subarray(start, start + length), fields?.[index]);
      this.#text += text.length;
      row.push(text);
    }
    this.#block.push(row);
    this.rows += 1;
    return this.#block.length >= maxRows || this.#text >= maxText ? this.#flush() : "";
  }

  end(): string {
    return `${this.#flush()}(${this.rows} ${this.rows === 1 ? "row" : "rows"})\n`;
  }

  #flush(): string {
    const columns = Math.max(this.#fields?.length ?? 0, ...this.#block.map((row) => row.length));
    const heads = Array.from({ length: columns }, (_, at) =>
      visible(this.#fields?.[at]?.name ?? String(at + 1)),
    );
    let header = "";
    if (!this.#widths) {
      this.#widths = heads.map((head, at) =>
        this.#block.reduce((width, row) => Math.max(width, stringWidth(row[at] ?? "")), stringWidth(head)),
      );
      const names = heads.map((head, at) => centred(head, this.#widths?.[at] ?? 0));
      header = `${line(names, " | ")}${line(
        this.#widths.map((width) => "-".repeat(width)),
        "-+-",
      )}`;
    }
    const widths = this.#widths;
    const body = this.#block.map((row) =>
      line(
        row.map((text, at) => padded(text, widths[at] ?? 0, isNumber(this.#fields?.[at]))),
        " | ",
      ),
    );
    this.#block = [];
    this.#text = 0;
    return header + body.join("");
  }
}

function line(parts: readonly string[], between: " | " | "-+-"): string {
  const edge = between === " | " ? " " : "-";
  return `${edge}${parts.join(between)}${between === " | " ? "" : "-"}`.trimEnd().concat("\n");
}

function padded(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - stringWidth(text)));
  return right ? space + text : text + space;
}

function centred(text: string, width: number): string {
  const space = Math.max(0, width - stringWidth(text));
  return " ".repeat(space >> 1) + text + " ".repeat(space - (space >> 1));
}
