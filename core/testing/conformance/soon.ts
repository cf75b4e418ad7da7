/** What must happen, and soon: else a sentence instead of a test that hangs. */
export async function soon<T>(promise: Promise<T>, what: string, ms = 4_000): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${ms} ms: ${what}.`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** For what no event tells. */
export async function until(what: string, holds: () => boolean, ms?: number): Promise<void> {
  let over = false;
  const look = async () => {
    while (!over && !holds()) await Bun.sleep(2);
  };
  await soon(look(), what, ms).finally(() => {
    over = true;
  });
}
