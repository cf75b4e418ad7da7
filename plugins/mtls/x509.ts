// What the parser needs must be there before it: one place keeps the order.
import "reflect-metadata";

export * from "@peculiar/x509";
