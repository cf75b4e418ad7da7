import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import "reflect-metadata";

/** A certificate with its key, both in PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that signs for the server and for clients. */
export interface Authority {
  readonly certificate: string;
  server(): Promise<Issued>;
  /** For a user: its name as CN, its groups as O. */
  client(name: string, groups?: readonly string[]): Promise<Issued>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const year = 365 * 24 * 3_600_000;

export async function newAuthority(): Promise<Authority> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const name = "CN=postern-test-cluster-ca";
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + year) };
  const own = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
    ...validity,
  });
  const issue = async (subject: string, names: boolean): Promise<Issued> => {
    const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(8)))
        .toString("hex")
        .replace(/^[89a-f]/, "1"),
      subject,
      issuer: name,
      publicKey: pair.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      ...validity,
      extensions: names
        ? [
            new SubjectAlternativeNameExtension([
              { type: "dns", value: "localhost" },
              { type: "ip", value: "127.0.0.1" },
            ]),
          ]
        : [],
    });
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).toString("base64");
    const lines = pkcs8.match(/.{1,64}/g) ?? [];
    return {
      certificate: certificate.toString("pem"),
      key: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`,
    };
  };
  return {
    certificate: own.toString("pem"),
    server: () => issue("CN=kube-apiserver", true),
    client: (user, groups = []) =>
      issue([...groups.map((one) => `O=${one}`), `CN=${user}`].join(", "), false),
  };
}
