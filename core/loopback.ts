/** 127.0.0.0/8 and ::1, also written as an IPv4-mapped address. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || plain === "localhost" || /^127(\.\d{1,3}){3}$/.test(plain);
}
