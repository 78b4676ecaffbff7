// Words for customers: variables go in by a click, and the preview follows what is written.
// @ts-check
"use strict";
(() => {
  /** @type {HTMLInputElement | HTMLTextAreaElement | null} */ let last = null;
  document.addEventListener("focusin", (event) => {
    const field = event.target;
    if ((field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) && field.dataset.takes) last = field;
  });
  document.addEventListener("click", (event) => {
    const chip = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest?.("[data-inserts]"));
    const into = last || /** @type {HTMLTextAreaElement | null} */ (document.querySelector("textarea[data-takes]"));
    if (!chip || !into) return;
    into.setRangeText(chip.dataset.inserts || "", into.selectionStart ?? into.value.length, into.selectionEnd ?? into.value.length, "end");
    into.focus();
    into.dispatchEvent(new Event("input", { bubbles: true }));
  });

  let asked = 0, timer = 0;
  async function show() {
    const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-previews]"));
    const place = document.getElementById("shown");
    if (!form || !place) return;
    const mine = ++asked, body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "once") body.append(name, value);
    try {
      const answer = await fetch("/templates/preview", { method: "POST", body, credentials: "same-origin" });
      const text = await answer.text();
      if (mine === asked && answer.ok) place.innerHTML = text; // ours, escaped by the server
    } catch { /* the next keystroke asks again */ }
  }
  /** @param {Event} event */
  const soon = (event) => {
    if (!/** @type {Element} */ (event.target).closest?.("form[data-previews]")) return;
    clearTimeout(timer);
    timer = window.setTimeout(show, 300);
  };
  document.addEventListener("input", soon);
  document.addEventListener("change", soon);
})();
