"use strict";

// Brings the newest records and messages without a reload: the scroll position and the selection stay.
const EVERY_MS = 1500;
const PARTS = ["main", ".bell"];

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of answer.ok ? PARTS : []) {
      const now = document.querySelector(part);
      const next = fresh.querySelector(part);
      if (now && next && now.innerHTML !== next.innerHTML) {
        next.open = now.open;
        now.replaceWith(document.adoptNode(next));
      }
    }
  } catch {
    // The portal is being restarted: the next round will tell.
  }
  setTimeout(refresh, EVERY_MS);
}

if (document.body.hasAttribute("data-live")) setTimeout(refresh, EVERY_MS);
