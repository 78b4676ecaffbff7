// The desk's own ways: cases open as tabs, the palette, single keys, and the sheet that lists exactly those that work.
// @ts-check
"use strict";
(() => {
  const body = document.body;
  const says = JSON.parse(body.dataset.desk || "null");
  if (!says) return;
  /** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
  const all = (selector, within = document) => /** @type {any} */ ([...within.querySelectorAll(selector)]);
  /** @param {string} id @returns {any} */
  const at = (id) => document.getElementById(id);
  /** @param {HTMLElement} each */
  const isSeen = (each) => each.checkVisibility?.() !== false && each.getClientRects().length > 0;
  /** @param {string} text @param {Record<string, string>} values */
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");
  /** @param {string} address */
  const go = (address) => { location.href = address; };

  // Open cases -------------------------------------------------------------------------------------------------
  // Kept in this browser for each person; the subjects go with the sign-out, the references stay.

  /** @typedef {{ reference: string, subject: string }} Open */
  const place = `ahadi-open:${body.dataset.person}`, most = 12;
  const present = body.dataset.reference || "";
  const bar = at("open-cases");

  /** @returns {Open[]} */
  function opened() {
    try {
      const held = JSON.parse(localStorage.getItem(place) || "[]");
      return Array.isArray(held) ? held.filter((each) => typeof each?.reference === "string") : [];
    } catch { return []; }
  }
  /** @param {Open[]} held */
  function keep(held) {
    try { localStorage.setItem(place, JSON.stringify(held.slice(-most))); } catch { /* a browser that keeps nothing */ }
  }
  /** @param {string} reference */
  const address = (reference) => `/cases/${encodeURIComponent(reference)}`;

  /** @param {string} reference */
  function shut(reference) {
    const held = opened(), index = held.findIndex((each) => each.reference === reference);
    if (index < 0) return;
    held.splice(index, 1);
    keep(held);
    const next = held[Math.min(index, held.length - 1)];
    if (reference === present) { go(next ? address(next.reference) : "/cases"); return; }
    showTabs();
    all("a", bar)[Math.min(index, held.length - 1)]?.focus();
  }

  function showTabs() {
    const held = opened();
    bar.hidden = !held.length;
    const list = document.createElement("ul");
    for (const each of held) {
      const item = document.createElement("li"), link = document.createElement("a");
      const close = document.createElement("button");
      item.className = "tab";
      link.href = address(each.reference);
      link.dir = "auto";
      link.className = "cut";
      link.textContent = each.subject || each.reference;
      link.title = each.subject ? `${each.reference} ${each.subject}` : each.reference;
      if (each.reference === present) link.setAttribute("aria-current", "page");
      close.type = "button";
      close.className = "button button-bare";
      close.setAttribute("aria-label", fill(says.close, { case: each.subject || each.reference }));
      close.append(/** @type {Node} */ (document.querySelector("#sheet .dialog-head svg")?.cloneNode(true)));
      close.addEventListener("click", () => shut(each.reference));
      item.append(link, close);
      list.append(item);
    }
    bar.replaceChildren(list);
    // Not scrollIntoView, from which on the next Tab would go.
    const here = bar.querySelector("[aria-current]")?.parentElement;
    if (here) bar.scrollLeft = here.offsetLeft + here.offsetWidth - bar.clientWidth;
  }

  /** @param {number} step */
  function besides(step) {
    const held = opened(), index = held.findIndex((each) => each.reference === present);
    const next = held[index < 0 ? (step > 0 ? 0 : held.length - 1) : index + step];
    if (next) go(address(next.reference));
  }

  // A case that was left for good by sending is no longer open.
  const leaving = sessionStorage.getItem("ahadi-leaving");
  if (leaving && leaving !== present) {
    keep(opened().filter((each) => each.reference !== leaving));
    sessionStorage.removeItem("ahadi-leaving");
  }
  if (present) {
    const held = opened(), known = held.find((each) => each.reference === present);
    const subject = body.dataset.subject || "";
    if (known) known.subject = subject; else held.push({ reference: present, subject });
    keep(held);
  }
  showTabs();
  document.addEventListener("submit", (event) => {
    if (/** @type {Element} */ (event.target).matches("[data-sign-out]")) {
      keep(opened().map(({ reference }) => ({ reference, subject: "" })));
      sessionStorage.clear();
    }
  });

  // My work ----------------------------------------------------------------------------------------------------

  const items = () => /** @type {HTMLAnchorElement[]} */ (all(".work .work-item").filter(isSeen));
  const rows = () => /** @type {HTMLAnchorElement[]} */ (all("main .row-link").filter(isSeen));

  /** Along the rows of a list, else from case to case of my work. @param {number} step */
  function along(step) {
    const list = rows();
    if (list.length) {
      const index = list.indexOf(/** @type {any} */ (document.activeElement));
      list[index < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, index + step))].focus();
      return;
    }
    const cases = [...new Set(items().map((each) => each.pathname))];
    const next = cases[cases.indexOf(location.pathname) + step];
    if (next) go(next);
  }

  // Single keys ------------------------------------------------------------------------------------------------

  /** @typedef {{ key: string, shown?: string, label: string, run?: () => void }} Key */
  /** What works on this page, now. @returns {Key[]} */
  function keys() {
    /** @type {Key[]} */ const found = [];
    for (const each of all("[data-key]").filter(isSeen)) {
      const key = each.dataset.key || "";
      const label = each.dataset.keySays || each.textContent?.trim() || "";
      if (!found.some((other) => other.key === key)) found.push({ key, label, run: () => press(each) });
    }
    if (rows().length || items().length) {
      found.push({ key: "j", label: says.next, run: () => along(1) });
      found.push({ key: "k", label: says.previous, run: () => along(-1) });
    }
    if (opened().length > (present ? 1 : 0)) {
      found.push({ key: "[", label: says.left, run: () => besides(-1) });
      found.push({ key: "]", label: says.right, run: () => besides(1) });
    }
    if (present && opened().length) found.push({ key: "x", label: says.shut, run: () => shut(present) });
    if (all("textarea").some(isSeen)) found.push({ key: "", shown: "Ctrl Enter", label: says.send });
    found.push({ key: "", shown: "Ctrl K", label: says.palette });
    found.push({ key: "?", label: says.sheet, run: showSheet });
    return found;
  }

  /** @param {HTMLElement} each */
  function press(each) {
    if (each.matches("input:not([type=radio]), textarea, select")) { each.focus(); return; }
    each.click();
    const leads = at(each.dataset.leads || "");
    if (leads) (leads.matches("input, textarea") ? leads : leads.querySelector("input:not([type=hidden], :disabled), textarea"))?.focus();
  }

  function showSheet() {
    at("sheet-keys").replaceChildren(...keys().flatMap((each) => {
      const term = document.createElement("dt"), told = document.createElement("dd");
      for (const part of (each.shown || each.key).split(" ")) {
        const key = document.createElement("kbd");
        key.textContent = part.length === 1 ? part.toUpperCase() : part;
        term.append(key, " ");
      }
      told.textContent = each.label;
      return [term, told];
    }));
    at("sheet").showModal();
  }

  /** @param {EventTarget | null} target */
  const isTyping = (target) => target instanceof HTMLElement &&
    target.matches("input:not([type=radio], [type=checkbox], [type=file]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      showPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const known = keys().find((each) => each.run && each.key === event.key.toLowerCase());
    if (!known) return;
    event.preventDefault();
    known.run?.();
  });

  // The palette ------------------------------------------------------------------------------------------------

  const palette = at("palette"), find = at("palette-find"), list = at("palette-list"), hint = at("palette-hint");
  let chosen = -1, asked = 0, wait = 0;
  /** @type {Map<Element, () => void>} */ const runs = new Map();
  const fold = (/** @type {string} */ text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  /** Pages and deeds, as the page itself offers them. @returns {{ kind: string, label: string, from: HTMLElement }[]} */
  function offered() {
    const pages = all("#nav a, .bar .menu-panel a").map((from) => ({ kind: says.page, label: said(from), from }));
    const deeds = all("[data-deeds] a, [data-deeds] button, [data-deed]");
    const known = deeds.filter((each) => !each.matches("summary, .only-narrow"));
    return [...known.map((from) => ({ kind: says.deed, label: said(from), from })), ...pages];
  }
  /** @param {HTMLElement} each */
  const said = (each) => (each.dataset.deed || each.title || each.textContent || "").replace(/\s+/g, " ").trim();

  function showPalette() {
    if (document.querySelector("dialog[open]:not(#palette)")) return;
    if (!palette.open) palette.showModal();
    find.value = "";
    offer();
    find.focus();
  }

  function offer() {
    const wanted = fold(find.value).split(/\s+/).filter(Boolean);
    runs.clear();
    const found = offered().filter(({ label }) => wanted.every((word) => fold(label).includes(word)));
    const nodes = found.map(({ kind, label, from }, index) => {
      const item = document.createElement("li"), name = document.createElement("span");
      const sort = document.createElement("span");
      item.className = "palette-item";
      item.id = `palette-own-${index}`;
      item.setAttribute("role", "option");
      name.className = "cut";
      name.textContent = label;
      sort.className = "soft";
      sort.textContent = kind;
      item.append(from.querySelector("svg")?.cloneNode(true) ?? "", name, sort);
      runs.set(item, () => { palette.close(); from.click(); });
      return item;
    });
    list.replaceChildren(...nodes);
    choose(0);
    clearTimeout(wait);
    asked++; // what was asked for other words does not come among these any more
    if (find.value.trim()) wait = window.setTimeout(ask, 120);
  }

  async function ask() {
    const number = ++asked;
    try {
      const answer = await fetch(`/palette?q=${encodeURIComponent(find.value)}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok || number !== asked) return;
      const part = document.createElement("ul");
      part.innerHTML = await answer.text();
      list.append(...part.children);
      choose(Math.max(0, chosen));
    } catch { /* the page says by itself that the connection is lost */ }
  }

  /** @param {number} index */
  function choose(index) {
    const each = all("[role=option]", list);
    chosen = each.length ? Math.min(each.length - 1, Math.max(0, index)) : -1;
    each.forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
    if (chosen < 0) find.removeAttribute("aria-activedescendant");
    else find.setAttribute("aria-activedescendant", each[chosen].id);
    each[chosen]?.scrollIntoView({ block: "nearest" });
    hint.textContent = chosen < 0 ? says.none : says.some;
  }

  /** @param {Element | null | undefined} item */
  function take(item) {
    if (!item) return;
    const run = runs.get(item);
    if (run) run(); else go(/** @type {HTMLElement} */ (item).dataset.href || "/cases");
  }

  find.addEventListener("input", offer);
  find.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) choose(chosen + steps[/** @type {"ArrowDown" | "ArrowUp"} */ (event.key)]);
    else if (event.key === "Enter") take(all("[role=option]", list)[chosen]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    take(/** @type {Element} */ (event.target).closest("[role=option]"));
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest?.("[data-palette]")) showPalette();
    if (target.closest?.("[data-sheet]")) showSheet();
  });
})();
