// Looks at a page as a person does: by what is written on it. Run by the tests through WebDriver, where `arguments`
// are a tool's name and what it needs. Works in pages whose own scripts are forbidden or switched off.
"use strict";
const [tool, ...given] = arguments;

const CONTROLS = "input:not([type=hidden]), select, textarea";
const BUTTONS = "a[href], button, summary, [role=button], [role=tab]";

const plain = (text) => (text ?? "").replace(/[\s\u00a0]+/gu, " ").trim();
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
const same = (a, b) => a.toLowerCase() === b.toLowerCase();

// What a label says without the hints and errors inside it.
function ownText(element) {
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll(".hint, .error, select, textarea, option")) extra.remove();
  return plain(copy.textContent);
}

function referred(element, attribute) {
  const ids = (element.getAttribute(attribute) ?? "").split(/\s+/u).filter(Boolean);
  return plain(ids.map((id) => document.getElementById(id)?.textContent).join(" "));
}

function namesOf(control) {
  const labels = [...(control.labels ?? [])].map(ownText);
  return [...labels, plain(control.getAttribute("aria-label")), referred(control, "aria-labelledby")].filter(Boolean);
}

// The best matches only: the whole text, else its beginning.
function best(found, text) {
  const wanted = plain(text);
  const whole = found.filter(([, names]) => names.some((name) => same(name, wanted)));
  const begun = found.filter(([, names]) => names.some((name) => name.toLowerCase().startsWith(wanted.toLowerCase())));
  return (whole.length > 0 ? whole : begun).map(([element]) => element);
}

// The heading of a part of the page.
function titleOf(part) {
  const own = part.querySelector(":scope > legend, :scope > h1, :scope > h2, :scope > h3, :scope > caption");
  return referred(part, "aria-labelledby") || plain(part.getAttribute("aria-label")) || (own ? ownText(own) : "");
}

// Where to look: the whole page, the part under a heading, or a row of it. What is not there, has nothing in it.
function place(where) {
  if (!where) return document;
  const parts = [...document.querySelectorAll("section, fieldset, article, aside, nav, details, table")].filter(isSeen);
  const part = parts.findLast((p) => same(titleOf(p), plain(where.part)));
  if (!part || where.row === null) return part ?? document.createElement("div");
  const rows = [...part.querySelectorAll("[data-row], tbody tr")].filter(isSeen);
  return rows[where.row] ?? document.createElement("div");
}

const tools = {
  // Fields by their label.
  controls(where, label) {
    const root = place(where);
    const all = [...root.querySelectorAll(CONTROLS)].filter(isSeen);
    return best(all.map((control) => [control, namesOf(control)]), label);
  },

  // Radio buttons and check boxes by their own label.
  boxes(where, label) {
    const all = [...place(where).querySelectorAll("input[type=checkbox], input[type=radio]")].filter(isSeen);
    return best(all.map((box) => [box, namesOf(box)]), label);
  },

  // Buttons and links by their text.
  buttons(where, text) {
    const root = place(where);
    const all = [...root.querySelectorAll(BUTTONS)].filter((b) => isSeen(b) && !b.disabled);
    return best(all.map((b) => [b, [plain(b.innerText), plain(b.getAttribute("aria-label"))]]), text);
  },

  // Marks the page, and tells whether a click on this brings another one in its place, as far as that can be seen.
  leaves(element) {
    window.isOldPage = true;
    const link = element.closest("a[href]");
    if (link) return !link.target && !link.hasAttribute("download") && !link.getAttribute("href").startsWith("#");
    const form = element.type === "submit" ? element.form : null;
    const stays = element.matches("[data-copy], [data-row-add], [data-row-remove], [data-insert], [formtarget]");
    const isSent = form?.noValidate || element.formNoValidate || form?.matches(":valid");
    return Boolean(form && isSent) && !stays && !form.target;
  },

  hasLeft: () => window.isOldPage !== true,

  // The options of a list, by what they say.
  options(select, text) {
    return best([...select.options].map((option) => [option, [plain(option.text)]]), text);
  },

  text(where) {
    const root = place(where);
    return plain((root.body ?? root).innerText);
  },

  value: (control) => (["checkbox", "radio"].includes(control.type) ? String(control.checked) : control.value),

  // What is wider than the window, and what sticks out of the card that it belongs to; not what scrolls by itself.
  tooWide() {
    const width = document.documentElement.clientWidth;
    const isCut = (element) => /auto|scroll|hidden|clip/u.test(getComputedStyle(element).overflowX);
    const isFrame = (element) => {
      const style = getComputedStyle(element);
      return parseFloat(style.borderRightWidth) > 0 && parseFloat(style.borderLeftWidth) > 0;
    };
    // How far to the right an element may reach: to the edge of whatever frames it.
    const limit = (element) => {
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
        if (isCut(up)) return Infinity;
        if (isFrame(up)) return up.getBoundingClientRect().right;
      }
      return width;
    };
    const isPlaced = (element) => ["absolute", "fixed"].includes(getComputedStyle(element).position);
    const wide = [...document.body.querySelectorAll("*")].filter(
      (e) => isSeen(e) && !isPlaced(e) && e.getBoundingClientRect().right > limit(e) + 0.5,
    );
    const found = wide.map((e) => `sticks out: ${e.outerHTML.slice(0, 120)}`);
    if (document.documentElement.scrollWidth > width) found.push("the page is wider than the window");
    return found;
  },

  // English on a Russian page: sentences of ours, and what is marked as English. Left aside are code, what came from
  // outside, what is folded up, and the button that switches the language.
  english() {
    const aside = "code, pre, bdi, kbd, script, style, template, noscript, button[lang], textarea, select, details:not([open]) > :not(summary)";
    const found = [...document.querySelectorAll("main [lang=en]")].filter(
      (e) => isSeen(e) && !e.closest(aside) && plain(e.textContent),
    ).map((e) => `marked as English: ${plain(e.textContent).slice(0, 160)}`);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const words = /\b[a-z]{2,}(?:[ ,;]+[a-z']{2,}){2,}/u.exec(plain(text.data));
      if (words && isSeen(text.parentElement) && !text.parentElement.closest(aside)) {
        found.push(`English: ${plain(text.data).slice(0, 160)}`);
      }
    }
    return found;
  },

  // Every control that a person could use, in the order of the page; radio buttons of one group count once.
  reachable() {
    const all = [...document.querySelectorAll(`${BUTTONS}, ${CONTROLS}, [tabindex]`)].filter(
      (e) => isSeen(e) && !e.disabled && e.tabIndex >= 0 && !e.closest("fieldset:disabled"),
    );
    const groups = new Set();
    return all.filter((e) => {
      if (e.type !== "radio") return true;
      const isNew = !groups.has(e.name);
      groups.add(e.name);
      return isNew;
    }).map(tools.describe);
  },

  // The element with the focus: whether one sees that it has it, and whether it is in the window with nothing over it.
  focused() {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const box = element.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, box.top + Math.min(box.height, 40) / 2];
    const top = document.elementFromPoint(x, y);
    const isInSight = Boolean(top) && (element.contains(top) || top.contains(element) || [...(element.labels ?? [])].some((l) => l.contains(top)));
    return { name: tools.describe(element), isMarked: ring || style.boxShadow !== "none", isInSight };
  },

  // As if the page had just been opened.
  leaveFocus() {
    document.activeElement?.blur();
    getSelection().removeAllRanges();
    scrollTo(0, 0);
    return null;
  },

  describe(element) {
    const name = element.type === "radio" ? element.name : namesOf(element)[0] ?? plain(element.innerText);
    return `${element.tagName.toLowerCase()} ${name || element.name || element.id}`;
  },
};

return tools[tool](...given);
