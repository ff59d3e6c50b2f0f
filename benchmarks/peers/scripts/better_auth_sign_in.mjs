// better-auth: its sign-in by email, with its own hasher, on SQLite.
import { createInterface } from "node:readline";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";

const auth = betterAuth({
  database: new Database(process.argv[2]),
  secret: "k".repeat(40),
  baseURL: "http://localhost:3000",
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
  telemetry: { enabled: false },
});
await (await getMigrations(auth.options)).runMigrations();
const email = "robin@acme.test";
const right = "violet kettle 1234 marmot";
await auth.api.signUpEmail({ body: { email, password: right, name: "Robin" } });
const signIn = async (password) => {
  const answer = await auth.api.signInEmail({ body: { email, password }, asResponse: true });
  return answer.status;
};
const subjects = { right: () => signIn(right), wrong: () => signIn("another quiet morning 77") };
if ((await subjects.right()) !== 200 || (await subjects.wrong()) !== 401) throw new Error("answers");
for await (const line of createInterface({ input: process.stdin })) {
  const [name, calls] = line.split(" ");
  const began = process.cpuUsage();
  for (let call = 0; call < Number(calls); call += 1) await subjects[name]();
  const { user: own, system } = process.cpuUsage(began);
  console.log((own + system) / 1000);
}
