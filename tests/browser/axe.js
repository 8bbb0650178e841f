// Runs axe-core, whose source the tests have put into the page; what it objects to, in one line each.
"use strict";
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
  ({ violations }) =>
    done(
      violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} (${node.target}) ${node.any.map((c) => c.message)}`),
      ),
    ),
  (error) => done([`axe-core failed: ${error}`]),
);
