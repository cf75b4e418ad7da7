// Loaded into each process of node-postgres' suite before its own code. What POSTERN_LEAVE_OUT names is skipped, as the suite's
// own way of skipping has it, since a test that fails ends its process and with it all behind it. A test has a minute
// instead of five seconds: some send thousands of statements, and a machine may have more to do.
const Module = require("node:module");

const leftOut = new Set(JSON.parse(process.env.POSTERN_LEAVE_OUT ?? "[]"));
const load = Module._load;

Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (typeof loaded === "function" && loaded.name === "Suite" && !loaded.patient) {
    loaded.patient = true;
    const { run } = loaded.prototype;
    loaded.prototype.run = function (test, done) {
      test.timeout = 60_000;
      if (leftOut.has(test.name.trim())) test.action = undefined;
      return run.call(this, test, done);
    };
  }
  return loaded;
};
