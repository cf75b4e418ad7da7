import type { Parameters } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import { bindMessage } from "../wire/query.ts";
import { binaryText } from "./binary.ts";

/** The bound values of one Bind message, decoded when first asked for. */
export function parametersOf(bind: Buffer, types: readonly number[]): Parameters {
  let values: (string | Uint8Array | null)[] | undefined;
  const read = () => (values ??= valuesOf(bind, types));
  return {
    get length() {
      return read().length;
    },
    at: (index) => read()[index] ?? null,
  };
}

function valuesOf(bind: Buffer, types: readonly number[]): (string | Uint8Array | null)[] {
  const { parameters, parameterFormats } = bindMessage(bind, headerSize, bind.length);
  return parameters.map((value, index) => {
    if (value === null) return null;
    const format = parameterFormats.length === 1 ? parameterFormats[0] : parameterFormats[index];
    if (format === "binary") return binaryText(types[index] ?? 0, value) ?? value;
    return value.toString("utf8");
  });
}
