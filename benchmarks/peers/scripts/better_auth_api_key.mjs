// better-auth: its API key plugin, on SQLite, called as its documentation does on a server.
import { createInterface } from "node:readline";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { apiKey } from "@better-auth/api-key";
import Database from "better-sqlite3";

const auth = betterAuth({
  database: new Database(process.argv[2]),
  secret: "k".repeat(40),
  baseURL: "http://localhost:3000",
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
  telemetry: { enabled: false },
  // A limit that the benchmark doesn't reach.
  plugins: [apiKey({ rateLimit: { enabled: true, timeWindow: 60_000, maxRequests: 100_000_000 } })],
});
await (await getMigrations(auth.options)).runMigrations();
const { user } = await auth.api.signUpEmail({
  body: { email: "a@b.test", password: "violet kettle 1234", name: "A" },
});
const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: "bench" } });
const check = async (value) => (await auth.api.verifyApiKey({ body: { key: value } })).valid;
const subjects = {
  bare: async () => undefined,
  valid: () => check(key),
  invalid: () => check("u".repeat(key.length)),
  malformed: () => check("garbage"),
};
const expected = { bare: undefined, valid: true, invalid: false, malformed: false };
for (const [name, subject] of Object.entries(subjects)) {
  if ((await subject()) !== expected[name]) throw new Error(name);
}
for await (const line of createInterface({ input: process.stdin })) {
  const [name, calls] = line.split(" ");
  const began = process.cpuUsage();
  for (let call = 0; call < Number(calls); call += 1) await subjects[name]();
  const { user: own, system } = process.cpuUsage(began);
  console.log((own + system) / 1000);
}
