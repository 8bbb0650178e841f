// Pages inside the portal's frame: they tell the portal how high they are, and end the installation. The portal's page
// understands messages of the form
//
//   command:parameters as JSON:key:session        and answers        key:result as JSON
//
// where empty parameters are left out with their colon. Only its own origin is written to and listened to.
//
// data-portal, data-app-sid      on the body: the portal's origin, and the session by which it knows this frame
// data-install-finish            an element of a page at which the installation is done: the portal is told to end it
// data-install-help              an element (hidden until now) for when the portal does not answer
// data-install-library           an element of the page of the last resort, where Bitrix24's own script ends it;
//                                its value: the script's address
"use strict";

(() => {
  const { portal, appSid } = document.body.dataset;
  if (!portal || !appSid || window.parent === window) return;
  // A busy portal takes its time; nobody waits for this but the last step of an installation.
  const ANSWER_MS = 4000;
  const waiting = new Map();
  let last = 0;

  window.addEventListener("message", (event) => {
    if (event.origin !== portal || event.source !== window.parent || typeof event.data !== "string") return;
    const [key] = event.data.split(":", 1);
    const answered = waiting.get(key);
    if (!answered) return;
    waiting.delete(key);
    let result = null;
    try {
      result = JSON.parse(event.data.slice(key.length + 1));
    } catch {
      // Some commands answer with nothing at all.
    }
    answered(result);
  });

  function send(command, parameters) {
    const key = "b24bridge" + ++last;
    const parts = [command, parameters && JSON.stringify(parameters), key, appSid];
    window.parent.postMessage(parts.filter(Boolean).join(":"), portal);
    return key;
  }

  function ask(command) {
    return new Promise((resolve, reject) => {
      waiting.set(send(command), resolve);
      setTimeout(() => reject(new Error("no answer")), ANSWER_MS);
    });
  }

  // The portal's page scrolls, the frame does not.
  let height = 0;
  function fit() {
    const now = Math.ceil(document.body.getBoundingClientRect().height);
    if (now === height || now === 0) return;
    height = now;
    send("resizeWindow", { width: "100%", height });
  }
  new ResizeObserver(fit).observe(document.body);
  fit();

  // A page begins at its top or its mark, wherever the one before was left; what takes the focus is scrolled to anyway.
  function begin() {
    if (document.querySelector("[data-focus]")) return;
    const mark = document.getElementById(location.hash.slice(1));
    send("setScroll", { scroll: mark ? Math.floor(mark.getBoundingClientRect().top) : 0 });
  }
  begin();

  async function finish() {
    try {
      const begun = await ask("getInitData");
      // An application that is installed already has nothing to end.
      if (begun?.INSTALL) send("setInstallFinish");
    } catch {
      const help = document.querySelector("[data-install-help]");
      if (help) help.hidden = false;
    }
  }

  function byLibrary(address) {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => window.BX24?.init(() => window.BX24.installFinish());
    document.head.append(script);
  }

  if (document.querySelector("[data-install-finish]")) finish();
  const lastResort = document.querySelector("[data-install-library]");
  if (lastResort) byLibrary(lastResort.dataset.installLibrary);
})();
