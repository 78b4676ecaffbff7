// The composer of a case: drafts that survive a reload, canned replies, files by drop and paste, who else is there.
// @ts-check
"use strict";
(() => {
  const body = document.body, says = JSON.parse(body.dataset.desk || "{}");
  if (!body.dataset.reference) return;
  /** @param {string} id @returns {any} */
  const at = (id) => document.getElementById(id);
  const place = () => at("composer")?.dataset.case || "";
  /** @param {string} text @param {Record<string, string>} values */
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");
  /** @param {string} path @param {Record<string, string>} [values] @param {boolean} [last] */
  const post = (path, values, last = false) => fetch(`${place()}/${path}`, {
    method: "POST", body: values && new URLSearchParams(values), keepalive: last, headers: { "HX-Request": "true" },
  });

  // Drafts -----------------------------------------------------------------------------------------------------

  /** @type {Map<string, string>} */ const unsaved = new Map();
  /** @type {Promise<unknown> | null} */ let saving = null;
  let wait = 0;

  /** @param {boolean} [last] */
  async function save(last = false) {
    clearTimeout(wait);
    if (saving && !last) { await saving; }
    const held = [...unsaved];
    unsaved.clear();
    if (!held.length || !place()) return;
    saving = Promise.all(held.map(async ([mode, text]) => {
      const answer = await post("draft", { mode, text }, last).catch(() => null);
      if (answer?.ok) tell(text.trim() ? says.draft : "");
      else if (!unsaved.has(mode)) unsaved.set(mode, text);  // kept for the next pause
    }));
    await saving;
    saving = null;
  }
  // A reload may be faster than the last save: the page that comes takes over what this one had not kept yet.
  const inHand = `ahadi-in-hand:${body.dataset.person}:${body.dataset.reference}`;
  function handOver() {
    if (unsaved.size) sessionStorage.setItem(inHand, JSON.stringify([...unsaved]));
    save(true);
  }
  function takeOver() {
    const held = JSON.parse(sessionStorage.getItem(inHand) || "[]");
    sessionStorage.removeItem(inHand);
    for (const [mode, text] of held) {
      const field = at(mode);
      if (!field?.matches("[data-draft]") || field.value === text) continue;
      field.value = text;
      unsaved.set(mode, text);
      save();
    }
  }

  /** @param {string} text */
  function tell(text) {
    const state = at("draft-state");
    if (state && state.textContent !== text) state.textContent = text;
  }

  document.addEventListener("input", (event) => {
    const field = /** @type {HTMLTextAreaElement} */ (event.target);
    if (!field.matches?.("#composer [data-draft]")) return;
    unsaved.set(field.form?.dataset.mode || "reply", field.value);
    tell("");
    clearTimeout(wait);
    wait = window.setTimeout(save, 700);
    isWriting = Date.now();
    if (!wasWriting) beat();
  });

  // What is sent is no draft any more: one that is on its way arrives first, and none is kept behind it.
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("#composer form")) return;
    const mode = form.dataset.mode || "";
    clearTimeout(wait);
    unsaved.delete(mode);
    if (saving) {
      event.preventDefault();
      event.stopImmediatePropagation();
      saving.finally(() => { saving = null; form.requestSubmit(); });
      return;
    }
    isWriting = 0;
    tell("");
    const after = /** @type {any} */ (form.elements.namedItem("after"))?.value;
    if (after && after !== "stay") {  // leads to another page: the browser goes there by itself
      event.stopImmediatePropagation();
      if (after === "close") sessionStorage.setItem("ahadi-leaving", body.dataset.reference || "");
    }
  }, true);

  // Who else is there ------------------------------------------------------------------------------------------

  let isWriting = 0, wasWriting = false;

  async function beat() {
    if (document.hidden || !place()) return;
    wasWriting = Date.now() - isWriting < 20000;
    const answer = await post(wasWriting ? "here?writing=1" : "here").catch(() => null);
    const others = at("others");
    if (!answer?.ok || !others) return;
    const told = (await answer.text()).trim();
    if (others.innerHTML.trim() !== told) others.innerHTML = told;
  }
  setInterval(beat, 10000);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); else beat(); });
  window.addEventListener("pagehide", () => { handOver(); if (place()) post("here?gone=1", undefined, true).catch(() => 0); });
  window.addEventListener("pageshow", () => beat());

  // Canned replies ---------------------------------------------------------------------------------------------

  /** @type {string | null} */ let ready = null;
  /** @type {{ from: number, chosen: number } | null} */ let canned = null;
  const slash = /(?:^|\s)\/([\w-]*)$/;

  /** @param {HTMLTextAreaElement} field */
  async function offer(field) {
    const found = slash.exec(field.value.slice(0, field.selectionStart));
    if (!found || field.selectionStart !== field.selectionEnd) { shut(); return; }
    canned = { from: field.selectionStart - found[1].length - 1, chosen: canned?.chosen ?? 0 };
    if (ready === null) {
      const answer = await fetch(`${place()}/canned`, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!answer?.ok) return;
      ready = await answer.text();
    }
    if (!canned) return;
    const list = at("canned"), word = found[1].toLowerCase();
    list.innerHTML = ready;
    for (const each of [...list.children]) {
      const slug = each.dataset.slug || "", text = (each.dataset.text || "").toLowerCase();
      if (word && slug && !slug.includes(word) && !text.includes(word)) each.remove();
    }
    list.hidden = !list.children.length;
    field.setAttribute("aria-controls", "canned");
    choose(field, canned.chosen);
  }
  /** @param {HTMLTextAreaElement} field @param {number} index */
  function choose(field, index) {
    const each = [...at("canned").children];
    if (!canned || !each.length) return;
    canned.chosen = (index + each.length) % each.length;
    each.forEach((item, place) => item.setAttribute("aria-selected", String(place === canned?.chosen)));
    each[canned.chosen].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", each[canned.chosen].id);
  }
  function shut() {
    canned = null;
    const list = at("canned"), field = at("reply");
    if (list) list.hidden = true;
    field?.removeAttribute("aria-activedescendant");
    field?.removeAttribute("aria-controls");
  }
  /** @param {HTMLTextAreaElement} field @param {HTMLElement | undefined} item */
  function insert(field, item) {
    const text = item?.dataset.text;
    if (!canned || !text) return;
    field.setRangeText(text, canned.from, field.selectionStart, "end");
    shut();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const isOpen = () => canned && at("canned") && !at("canned").hidden;

  document.addEventListener("input", (event) => {
    if (/** @type {Element} */ (event.target).id === "reply") offer(/** @type {any} */ (event.target));
  });
  document.addEventListener("keydown", (event) => {
    const field = /** @type {any} */ (event.target);
    if (field.id !== "reply" || !isOpen() || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      choose(field, (canned?.chosen ?? 0) + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" || event.key === "Tab") insert(field, at("canned").children[canned?.chosen ?? 0]);
    else if (event.key === "Escape") shut();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const item = /** @type {HTMLElement | null} */ (target.closest?.("#canned [role=option]"));
    if (item) insert(at("reply"), item);
    if (!target.closest?.("#canned-open")) return;
    at("mode-reply").checked = true;
    const field = at("reply");
    field.focus();
    const end = field.value.length, space = end && !/\s$/.test(field.value) ? " /" : "/";
    field.setRangeText(space, end, end, "end");
    offer(field);
  });

  // Files ------------------------------------------------------------------------------------------------------

  const most = 10_000_000;
  const chooser = () => /** @type {HTMLInputElement | null} */ (document.querySelector("#composer .attach input"));
  /** Whether files can go the way that is chosen. */
  const takes = () => Boolean(chooser()?.parentElement?.checkVisibility?.());
  /** @param {Iterable<File>} files */
  function hold(files) {
    const input = chooser();
    if (!input) return;
    const held = new DataTransfer();
    let size = 0;
    for (const each of files) {
      size += each.size;
      if (size > most) { tell(fill(says.big, { file: each.name })); break; }
      held.items.add(each);
    }
    input.files = held.files;
    showFiles();
  }
  function showFiles() {
    const input = chooser(), list = at("files");
    if (!input || !list) return;
    list.replaceChildren(...[...(input.files || [])].map((file, index) => {
      const item = document.createElement("li"), name = document.createElement("span");
      const size = document.createElement("span"), remove = document.createElement("button");
      item.className = "chip";
      name.textContent = file.name;
      size.className = "soft";
      size.textContent = file.size < 1000 ? `${file.size} B` : file.size < 1e6 ? `${Math.round(file.size / 1000)} kB`
        : `${(file.size / 1e6).toFixed(1)} MB`;
      remove.type = "button";
      remove.className = "button button-bare";
      remove.setAttribute("aria-label", fill(says.remove, { file: file.name }));
      remove.append(/** @type {Node} */ (document.querySelector("#sheet .dialog-head svg")?.cloneNode(true)));
      remove.addEventListener("click", () => {
        hold([...(input.files || [])].filter((_file, place) => place !== index));
        (list.querySelector("button") || input).focus();
      });
      item.append(name, size, remove);
      return item;
    }));
  }
  document.addEventListener("change", (event) => {
    if (event.target === chooser()) hold(chooser()?.files || []);
  });
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length || /** @type {Element} */ (event.target).id !== "reply" || !takes()) return;
    event.preventDefault();
    hold([...(chooser()?.files || []), ...files]);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const drag = /** @type {DragEvent} */ (event), zone = /** @type {Element} */ (event.target).closest?.("#composer");
      if (!drag.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();  // a file dropped beside the composer must not replace the page
      at("composer")?.classList.toggle("is-over", kind === "dragover" && Boolean(zone) && takes());
      if (kind !== "drop" || !zone || !takes()) return;
      at("mode-reply").checked = true;
      hold([...(chooser()?.files || []), ...drag.dataTransfer.files]);
    });
  }

  // ------------------------------------------------------------------------------------------------------------

  function adorn() {
    const opens = at("canned-open");
    if (opens) opens.hidden = false;
    showFiles();
  }
  document.addEventListener("htmx:after:swap", adorn);
  adorn();
  takeOver();
})();
