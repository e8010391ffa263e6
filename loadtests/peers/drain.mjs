// A peer's worker with a job that does nothing. POST /fill?count=N puts jobs in, POST /go begins, GET /count tells how
// many are done. PEER is graphile or bullmq.

import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(process.env.PEERS_FOLDER + "/");

const AT_ONCE = 50;
const STEP = 1000;
const PAYLOAD = { phone: "5511988887777", message: "Order 1042 has left the warehouse" };

let done = 0;

async function graphile() {
  const { run, makeWorkerUtils } = require("graphile-worker");
  const { Pool } = require("pg");
  const pgPool = new Pool({ connectionString: process.env.POSTGRES_DSN, max: 20 });
  const worker = await makeWorkerUtils({ pgPool });
  await worker.migrate();
  // Its own advice for speed: jobs fetched and completed in batches.
  const preset = { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
  return {
    fill: (count) =>
      pgPool.query("SELECT graphile_worker.add_job('send', $1::json) FROM generate_series(1, $2::integer)", [PAYLOAD, count]),
    go: () =>
      run({ pgPool, preset, concurrency: AT_ONCE, noHandleSignals: true, taskList: { send: async () => void done++ },
            logger: new (require("graphile-worker").Logger)(() => () => {}) }),
  };
}

async function bullmq() {
  const { Queue, Worker } = require("bullmq");
  const { hostname, port } = new URL(process.env.REDIS_URL);
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue("drain", { connection });
  const worker = new Worker("drain", async () => void done++, {
    connection, autorun: false, concurrency: AT_ONCE, removeOnComplete: { count: 0 },
  });
  await queue.waitUntilReady();
  await worker.waitUntilReady();
  return {
    fill: async (count) => {
      for (let first = 0; first < count; first += STEP) {
        await queue.addBulk(Array.from({ length: Math.min(STEP, count - first) }, () => ({ name: "send", data: PAYLOAD })));
      }
    },
    go: () => worker.run(),
  };
}

const peer = await { graphile, bullmq }[process.env.PEER]();
const [host, port] = process.env.HTTP_ADDR.split(":");

createServer(async (request, response) => {
  const url = new URL(request.url, "http://peer");
  if (url.pathname === "/fill") await peer.fill(Number(url.searchParams.get("count")));
  if (url.pathname === "/go") peer.go();
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ count: done }));
}).listen(Number(port), host);
