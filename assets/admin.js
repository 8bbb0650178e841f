// Makes the pages pleasant; all of them work without it. Pages ask for help by attributes:
//
// data-copy="#id"           a button (hidden until now) copies the value or text of that element; data-done: what it then says
// data-select               a field whose text is selected when it is entered
// data-renew="10"           an element with an id is replaced by its newer self every so many seconds
// data-rows                 around: <template data-row-new> with __N__ where a row's number belongs, rows [data-row],
//                           a place [data-row-list], buttons [data-row-add] and, in each row, [data-row-remove]
// data-insert="{name}"      a button (hidden until now) that writes this at the cursor of the field last entered among [data-insert-target]
// data-when="name=a,b"      an element that is shown and sent only while the form's control `name` has one of these
//                           values; `name=on` for a switch, `name=` for one that is off
// data-submits              a control that sends its form when it is changed
// data-find="#id"           a field that hides those children of the element in which the typed text is missing
// data-focus                takes the focus when the page opens (errors)
"use strict";

(() => {
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  let lastTarget = null;

  function prepare(root) {
    for (const button of all(root, "[data-copy]")) button.hidden = false;
    for (const button of all(root, "[data-row-add], [data-row-remove], [data-insert]")) button.hidden = false;
    for (const element of all(root, "[data-when]")) judge(element);
    for (const element of all(root, "[data-renew]")) renewLater(element);
  }

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP there is no clipboard: the older way.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      if (!document.execCommand("copy")) return;
    }
    const before = button.textContent;
    if (before === button.dataset.done) return;
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = before), 2000);
  }

  // Nothing, when its newer self does not ask for it any more.
  function renewLater(element) {
    const seconds = Number(element.dataset.renew);
    if (seconds > 0) setTimeout(() => renew(element), seconds * 1000);
  }

  async function renew(element) {
    if (!element.isConnected) return;
    const isInUse = element.contains(document.activeElement) || !getSelection().isCollapsed;
    if (document.hidden || isInUse) return renewLater(element);
    try {
      const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(element.id);
      if (answer.redirected && !fresh) return location.reload();
      if (!answer.ok || !fresh) return renewLater(element);
      for (const open of all(element, "details[open][id]")) {
        const same = fresh.querySelector("#" + CSS.escape(open.id));
        if (same) same.open = true;
      }
      const next = document.adoptNode(fresh);
      element.replaceWith(next);
      prepare(next);
      // `prepare` looks at what is inside.
      renewLater(next);
    } catch {
      // The bridge restarts or the network is away: later, then.
      renewLater(element);
    }
  }

  function addRow(button) {
    const rows = button.closest("[data-rows]");
    const list = rows.querySelector("[data-row-list]");
    const numbers = all(list, "[data-row]").map((row) => Number(row.dataset.row) || 0);
    const next = String(Math.max(-1, ...numbers) + 1);
    const holder = document.createElement("template");
    holder.innerHTML = rows.querySelector("template[data-row-new]").innerHTML.replaceAll("__N__", next);
    const row = holder.content.firstElementChild;
    row.dataset.row = next;
    list.append(row);
    prepare(row);
    row.querySelector("input, select, textarea")?.focus();
  }

  function removeRow(button) {
    const row = button.closest("[data-row]");
    const near = row.nextElementSibling ?? row.previousElementSibling ?? row.closest("[data-rows]");
    row.remove();
    near.querySelector("input, select, textarea, [data-row-add]")?.focus();
  }

  function insert(button) {
    const target = lastTarget?.isConnected ? lastTarget : document.querySelector("[data-insert-target]");
    if (!target) return;
    target.focus();
    target.setRangeText(button.dataset.insert, target.selectionStart, target.selectionEnd, "end");
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function judge(element) {
    const [name, wanted] = element.dataset.when.split("=");
    const form = element.closest("form");
    const controls = form ? all(form, `[name="${CSS.escape(name)}"]`) : [];
    const values = controls
      .filter((control) => !["checkbox", "radio"].includes(control.type) || control.checked)
      .map((control) => control.value);
    if (values.length === 0) values.push("");
    const isWanted = values.some((value) => wanted.split(",").includes(value));
    element.hidden = !isWanted;
    for (const control of all(element, "input, select, textarea")) {
      if (!isWanted && !control.disabled) {
        control.disabled = true;
        control.dataset.off = "";
      } else if (isWanted && "off" in control.dataset) {
        control.disabled = false;
        delete control.dataset.off;
      }
    }
  }

  function find(input) {
    const text = input.value.trim().toLowerCase();
    const list = document.querySelector(input.dataset.find);
    for (const child of list?.children ?? []) {
      child.hidden = text !== "" && !child.textContent.toLowerCase().includes(text);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if ("rowAdd" in button.dataset) addRow(button);
    else if ("rowRemove" in button.dataset) removeRow(button);
    else if ("insert" in button.dataset) insert(button);
    else return;
    event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-insert-target]")) lastTarget = event.target;
    if (event.target.matches("[data-select]")) event.target.select();
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-find]")) find(event.target);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form) for (const element of all(form, "[data-when]")) judge(element);
    if (event.target.matches("[data-submits]")) form?.requestSubmit();
  });

  prepare(document);
  document.querySelector("[data-focus]")?.focus();
})();
