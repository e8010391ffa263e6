// A peer behind Fastify: takes the body of send-text, puts a job into its queue, answers what Pombo answers.
// PEER is graphile or bullmq.

import { randomBytes, randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(process.env.PEERS_FOLDER + "/");
const fastify = require("fastify");

const CONNECTIONS = 10;

async function graphile() {
  const { makeWorkerUtils } = require("graphile-worker");
  const { Pool } = require("pg");
  const pgPool = new Pool({ connectionString: process.env.POSTGRES_DSN, max: CONNECTIONS });
  const worker = await makeWorkerUtils({ pgPool });
  await worker.migrate();
  return (body) => worker.addJob("send", body);
}

async function bullmq() {
  const { Queue } = require("bullmq");
  const { hostname, port } = new URL(process.env.REDIS_URL);
  const queue = new Queue("send", { connection: { host: hostname, port: Number(port) } });
  await queue.waitUntilReady();
  return (body) => queue.add("send", body);
}

const add = await { graphile, bullmq }[process.env.PEER]();
const app = fastify({ logger: false });
const text = { type: "string", minLength: 1 };
const schema = { body: { type: "object", required: ["phone", "message"], properties: { phone: text, message: text } } };

app.get("/ready", async () => ({ ready: true }));
app.post("/instances/:instance/token/:token/send-text", { schema }, async (request) => {
  await add(request.body);
  const id = "3EB0" + randomBytes(9).toString("hex").toUpperCase();
  return { zaapId: randomUUID().replaceAll("-", "").toUpperCase(), messageId: id, id };
});

const [host, port] = process.env.HTTP_ADDR.split(":");
await app.listen({ host, port: Number(port) });
